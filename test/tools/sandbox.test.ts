import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSandbox } from '../../tools/sandbox.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-sandbox-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (shell: string, more: { timeoutMs?: number; outputBytes?: number } = {}) => {
  const workspace = mkdtempSync(join(folder, 'tree-'));
  return createSandbox({ level: 'bwrap', stateFolder: folder }).run({
    argv: ['sh', '-c', shell],
    workspace,
    links: [],
    scratch: [],
    network: false,
    timeoutMs: 10_000,
    ...more,
  });
};

test('every canary holds', async () => {
  const canaries = await createSandbox({ level: 'bwrap', stateFolder: folder }).canaries();
  expect(canaries.filter((canary) => !canary.ok)).toEqual([]);
  expect(canaries.length).toBeGreaterThanOrEqual(9);
});

test('a daemon that holds the output does not outlive the time cap', async () => {
  const result = await run('setsid sleep 9999 & sleep 9999', { timeoutMs: 700 });
  expect(result.timedOut).toBe(true);
  expect(result.durationMs).toBeLessThan(3000);
});

test('output without end is capped and flagged, and only time ends it', async () => {
  const before = process.memoryUsage().rss;
  const result = await run('yes', { outputBytes: 10_000, timeoutMs: 1000 });
  expect(result).toMatchObject({ truncated: true, timedOut: true, exitCode: null });
  expect(result.stdout.length).toBeLessThan(11_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
});

test('a command that says much more than is kept ends as it would', async () => {
  const result = await run('echo first; head -c 30000000 /dev/zero | tr "\\0" x; echo; echo last; exit 3', { outputBytes: 10_000 });
  expect(result).toMatchObject({ truncated: true, timedOut: false, exitCode: 3 });
  expect(result.stdout).toMatch(/^first\nx+\n\[\d+ bytes left out\]\nx+\nlast\n$/);
});

test('a file above the limit cannot be written, and the exit code says so', async () => {
  const result = await run('head -c 1100000000 /dev/zero > big; echo $?');
  expect(result.stdout.trim()).not.toBe('0');
});

test('a command may start so many processes', async () => {
  expect((await run("awk '/Max processes/ { print $3 }' /proc/self/limits")).stdout).toBe('512\n');
});

test('a command that is not there ends with 127, not with an error of ours', async () => {
  expect((await run('exec nowhere-to-be-found')).exitCode).toBe(127);
});

test('a file that is read-only can be read, and not written, replaced, removed or moved with its folder; what is beside it can', async () => {
  const workspace = mkdtempSync(join(folder, 'tree-'));
  mkdirSync(join(workspace, 'test/deep'), { recursive: true });
  for (const name of ['test/deep/a.test.js', 'test/deep/b.js']) writeFileSync(join(workspace, name), 'as it was');
  symlinkSync('deep', join(workspace, 'test/link'));
  const script = `cat test/deep/a.test.js; cd test/deep
for change in 'echo x > a.test.js' 'rm -f a.test.js' 'mv a.test.js c' 'mv b.js a.test.js' 'chmod 777 a.test.js' 'mv ../deep ../other' 'mv ../../test ../../tests' 'ln -sf b.js a.test.js'; do
  sh -c "$change" 2>/dev/null && echo "[$change]"
done; echo y > b.js && echo z > c && mkdir d && rm -r d && echo beside`;
  const readOnly = ['test/deep/a.test.js', 'test/link/b.js', 'test/gone.js', 'test/deep'];
  const request = { argv: ['sh', '-c', script], workspace, links: [], scratch: [], readOnly, network: false, timeoutMs: 10_000 };
  const { stdout } = await createSandbox({ level: 'bwrap', stateFolder: folder }).run(request);
  expect(stdout).toBe('as it wasbeside\n');
  expect(readFileSync(join(workspace, 'test/deep/a.test.js'), 'utf8')).toBe('as it was');
  expect(readdirSync(join(workspace, 'test/deep')).toSorted()).toEqual(['a.test.js', 'b.js', 'c']);
});

test('a folder that is concealed is empty and stays so, also where it lies in what is shown of the machine; what is beside it is seen', async () => {
  const inUsr = execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim();
  const elsewhere = join(folder, 'suite');
  mkdirSync(elsewhere);
  const workspace = mkdtempSync(join(folder, 'tree-'));
  const seen = async (concealed: readonly string[]) => {
    const sandbox = createSandbox({ level: 'bwrap', stateFolder: folder, concealed });
    const argv = ['sh', '-c', `ls ${inUsr} | wc -l; ls ${elsewhere}; ls /usr/bin/env; echo x > ${inUsr}/x && echo written`];
    return (await sandbox.run({ argv, workspace, links: [], scratch: [], network: false, timeoutMs: 10_000 })).stdout.split('\n');
  };
  expect(await seen([inUsr, elsewhere])).toEqual(['0', '/usr/bin/env', '']);
  const [count, ...rest] = await seen([]);
  expect(Number(count)).toBeGreaterThan(0);
  expect(rest).toEqual(['/usr/bin/env', '']);
});
