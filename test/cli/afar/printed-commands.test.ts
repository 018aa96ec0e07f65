/** Printed commands work when they are pasted. */
import { expect, test } from 'vitest';
import { AFAR_COMMANDS, pastedAfar, quoted } from '../../../cli/afar/printed-commands.ts';
import { run } from '../../../cli/main.ts';

const byFlag = { server: 'https://example.com', insecure: false };

test('the server is named where it was given by a flag, and not where the environment has it', () => {
  expect(pastedAfar('governor approve ab12 --subject x', byFlag)).toBe('governor approve --server https://example.com ab12 --subject x');
  expect(pastedAfar('governor approve ab12  or  governor reject ab12 --comment "..."', byFlag)).toBe(
    'governor approve --server https://example.com ab12  or  governor reject --server https://example.com ab12 --comment "..."',
  );
  expect(pastedAfar('governor show ab12', { server: undefined, insecure: false })).toBe('governor show ab12');
  expect(pastedAfar('governor show ab12', { server: 'http://10.0.0.7', insecure: true })).toBe(
    'governor show --server http://10.0.0.7 --insecure-http ab12',
  );
});

test('what works in a home alone says so, and words that are no command stay', () => {
  expect(pastedAfar('governor resume ab12', byFlag)).toBe('governor resume ab12 (in the home of the server)');
  expect(pastedAfar('raise limits.maxOutputTokens', byFlag)).toBe('raise limits.maxOutputTokens');
});

test('an address that a shell would read otherwise is quoted', () => {
  expect(quoted('https://example.com:8443/a-b')).toBe('https://example.com:8443/a-b');
  expect(quoted('http://[::1]:2024')).toBe("'http://[::1]:2024'");
  expect(quoted("https://example.com/$(id)'x")).toBe(`'https://example.com/$(id)'\\''x'`);
});

test('exactly the commands that say that they take a server are printed with one', async () => {
  const help = async (name: string): Promise<string> => {
    let said = '';
    const io = {
      stdout: (text: string) => (said += text),
      stderr: () => undefined,
      env: {},
      isTTY: false,
      size: () => ({ columns: 80, rows: 24 }),
    };
    await run([name, '--help'], io);
    return said;
  };
  const all = (await help('--help')).matchAll(/^ {2}([a-z]+) /gm);
  const names = [...all].map(([, name = '']) => name).filter((name) => name !== 'help');
  expect(names.length).toBeGreaterThan(25);
  const taking: string[] = [];
  for (const name of names) if ((await help(name)).includes('--server <url>')) taking.push(name);
  expect(taking.toSorted()).toEqual([...AFAR_COMMANDS]);
});
