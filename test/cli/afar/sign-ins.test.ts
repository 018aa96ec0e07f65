/** Where a token is kept, for whose eyes, and that it is taken back whole. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findKeyring } from '../../../cli/afar/keyring.ts';
import { openSignIns, type SignIn } from '../../../cli/afar/sign-ins.ts';

const SERVER = 'https://governor.example.com';
const KEY: SignIn = { kind: 'key', server: SERVER, token: 'gvk_secret' };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-user-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const folder = (): string => join(home, '.config', 'governor', 'sign-ins');
const only = (): string => join(folder(), readdirSync(folder())[0] ?? '');
const inFiles = () => openSignIns({ HOME: home });

describe('without a keyring', () => {
  test('it is in a file of mode 600 in a folder of mode 700, for one server, and gone after removal', async () => {
    const signIns = inFiles();
    expect(await signIns.read(SERVER)).toBeUndefined();
    expect(await signIns.write(KEY)).toBe(only());
    expect(statSync(only()).mode & 0o777).toBe(0o600);
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    expect(await signIns.read(SERVER)).toEqual(KEY);
    expect(await signIns.read(`${SERVER}/other`)).toBeUndefined();
    await signIns.remove(SERVER);
    expect(readdirSync(folder())).toEqual([]);
    await signIns.remove(SERVER);
  });

  test.each([0o640, 0o604, 0o660])('a file of mode %o is refused with the mend, and taken after it', async (mode) => {
    await inFiles().write(KEY);
    chmodSync(only(), mode);
    await expect(inFiles().read(SERVER)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(new RegExp(`others may read it \\(mode ${mode.toString(8)}\\).*run: chmod 600 ${only()}$`)),
    });
    chmodSync(only(), 0o600);
    expect(await inFiles().read(SERVER)).toEqual(KEY);
  });

  test('a link, a folder and the sign-in of another server are refused, without the token', async () => {
    await inFiles().write(KEY);
    const file = only();
    const moved = join(home, 'moved');
    renameSync(file, moved);
    symlinkSync(moved, file);
    await expect(inFiles().read(SERVER)).rejects.toMatchObject({ message: expect.stringContaining('is a link') });
    rmSync(file);
    mkdirSync(file);
    await expect(inFiles().read(SERVER)).rejects.toMatchObject({ message: expect.stringContaining('is no plain file') });
    rmSync(file, { recursive: true });
    writeFileSync(file, readFileSync(moved, 'utf8').replace(SERVER, 'https://evil.example'), { mode: 0o600 });
    await expect(inFiles().read(SERVER)).rejects.toMatchObject({ message: expect.not.stringContaining('gvk_') });
  });
});

describe('with secret-tool', () => {
  /** As its manual says: `store` reads the secret from standard input, `lookup` prints it, `clear` removes it. */
  function fakeSecretTool(works = true): string {
    const program = join(home, 'secret-tool');
    const body = `#!/bin/sh
printf '%s\\n' "$*" >> ${home}/argv
command=$1; shift
[ "$command" = store ] && { case "$1" in --label=*) shift ;; *) exit 2 ;; esac; }
[ "$1" = application ] && [ "$2" = governor ] && [ "$3" = server ] && [ $# = 4 ] || exit 2
[ -n "$DBUS_SESSION_BUS_ADDRESS" ] || exit 1
${works ? '' : 'exit 1'}
name=$(printf %s "$4" | tr -c 'a-z0-9' _)
case "$command" in
  store) cat > "${home}/ring-$name" ;;
  lookup) cat "${home}/ring-$name" 2>/dev/null ;;
  clear) rm -f "${home}/ring-$name" ;;
esac
`;
    writeFileSync(program, body, { mode: 0o700 });
    return program;
  }
  const env = (): Record<string, string> => ({ HOME: home, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' });
  const ringed = (program: string, of = env()) => openSignIns(of, findKeyring(of, { secretTool: [program], security: [] }));

  test('it is in the keyring: no file and no argument holds it', async () => {
    const signIns = ringed(fakeSecretTool());
    expect(await signIns.write(KEY)).toBe('the keyring');
    expect(readFileSync(only(), 'utf8')).not.toContain('gvk_secret');
    expect(readFileSync(join(home, 'argv'), 'utf8')).not.toContain('gvk_secret');
    expect(await signIns.read(SERVER)).toEqual(KEY);
    await signIns.remove(SERVER);
    expect(await signIns.read(SERVER)).toBeUndefined();
    expect(readdirSync(home).filter((name) => name.startsWith('ring-'))).toEqual([]);
  });

  test('a keyring that does not take it, or a session without one, leaves it to the file', async () => {
    expect(await ringed(fakeSecretTool(false)).write(KEY)).toBe(only());
    expect(await ringed(fakeSecretTool(false)).read(SERVER)).toEqual(KEY);
    expect(findKeyring({ HOME: home }, { secretTool: [fakeSecretTool()], security: [] })).toBeUndefined();
    expect(findKeyring(env(), { secretTool: [join(home, 'nonesuch')], security: [] })).toBeUndefined();
  });

  test('a keyring that lost it says so', async () => {
    const signIns = ringed(fakeSecretTool());
    await signIns.write(KEY);
    for (const name of readdirSync(home).filter((one) => one.startsWith('ring-'))) rmSync(join(home, name));
    await expect(signIns.read(SERVER)).rejects.toMatchObject({ message: expect.stringContaining('the keyring has no sign-in at') });
  });
});

test('with security of macOS the token goes by its standard input', async () => {
  const program = join(home, 'security');
  writeFileSync(
    program,
    `#!/bin/sh
printf '%s\\n' "$*" >> ${home}/argv
case "$1" in
  -i) sed -n 's/^add-generic-password -U -a "https:..governor.example.com" -s governor -w \\(.*\\)$/\\1/p' > ${home}/chain ;;
  find-generic-password) cat ${home}/chain ;;
  delete-generic-password) rm ${home}/chain ;;
esac
`,
    { mode: 0o700 },
  );
  const env = { HOME: home };
  const signIns = openSignIns(env, findKeyring(env, { secretTool: [], security: [program] }));
  expect(await signIns.write(KEY)).toBe('the keyring');
  expect(await signIns.read(SERVER)).toEqual(KEY);
  expect(readFileSync(join(home, 'argv'), 'utf8')).not.toMatch(/gvk_secret|Z3Zr/);
  // Longer than a line of it may be.
  expect(await signIns.write({ ...KEY, token: 'x'.repeat(3000) })).toBe(only());
});

test('work under the lock of a server is done by one at a time, and a lock that a dead process left is taken', async () => {
  const signIns = inFiles();
  const order: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    order.push(`${name} begins`);
    await new Promise((wake) => setTimeout(wake, 20));
    order.push(`${name} ends`);
  };
  await Promise.all([signIns.alone(SERVER, work('a')), inFiles().alone(SERVER, work('b'))]);
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('work that takes longer than a lock is believed keeps it, and does not take away the lock of another one', async () => {
  const lock = (): string => join(folder(), readdirSync(folder()).find((name) => name.endsWith('.lock')) ?? '');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    await inFiles().alone(SERVER, async () => {
      utimesSync(lock(), new Date(0), new Date(0));
      vi.advanceTimersByTime(5000);
      expect(Date.now() - statSync(lock()).mtimeMs).toBeLessThan(30_000);
    });
    expect(readdirSync(folder())).toEqual([]);
    await inFiles().alone(SERVER, async () => writeFileSync(lock(), 'another process'));
    expect(readFileSync(lock(), 'utf8')).toBe('another process');
  } finally {
    vi.useRealTimers();
  }
});
