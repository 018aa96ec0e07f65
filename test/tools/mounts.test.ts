/** Links and scratch folders: what a command sees there, and that what is in their place, or leads elsewhere, stops the command. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sandboxLimitsSchema } from '../../domain/sandbox-limits.ts';
import { bwrapArguments, MOUNT_CHANGED } from '../../tools/bwrap-arguments.ts';
import { makePlaces } from '../../tools/mounts.ts';
import { nodeInstall } from '../../tools/sandbox/node-install.ts';
import { userOf } from '../../tools/sandbox/user.ts';
import { createSandbox } from '../../tools/sandbox.ts';

let state: string;
let folder: string;
let modules: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'governor-mounts-'));
  folder = join(state, 'tree');
  modules = join(state, 'modules');
  mkdirSync(folder);
  mkdirSync(join(modules, '.cache'), { recursive: true });
  writeFileSync(join(modules, 'lib.js'), 'lib');
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const ON = {
  user: process.getuid?.() === 0 ? userOf(undefined) : undefined,
  limits: sandboxLimitsSchema.parse({}),
  concealed: [],
  hasFilter: false,
  inherited: [],
  node: nodeInstall(process.execPath),
};
const request = (argv: readonly string[]) => ({ argv, workspace: folder, links: [], scratch: [], network: false, timeoutMs: 10_000 });
const run = (shell: string, at = 'node_modules', scratch: string[] = [], from = modules, root = state) =>
  createSandbox({ level: 'bwrap', stateFolder: state }).run({
    ...request(['sh', '-c', shell]),
    links: [{ from, at, root }],
    scratch,
  });

describe('a link', () => {
  test('is seen read-only and leaves nothing in the tree', async () => {
    const result = await run(
      'cat packages/app/node_modules/lib.js; echo x > packages/app/node_modules/lib.js',
      'packages/app/node_modules',
    );
    expect(result.stdout).toBe('lib');
    expect(result.stderr).toContain('Read-only file system');
    expect(readFileSync(join(modules, 'lib.js'), 'utf8')).toBe('lib');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('may be a file', async () => {
    expect((await run('cat .env.test', '.env.test', [], join(modules, 'lib.js'))).stdout).toBe('lib');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('stays whole when the folder above it is moved or removed', async () => {
    await run(
      'mv packages other; rm -rf other packages; mkdir -p packages/node_modules; echo x > packages/node_modules/lib.js',
      'packages/node_modules',
    );
    expect(readFileSync(join(modules, 'lib.js'), 'utf8')).toBe('lib');
    expect((await run('cat packages/node_modules/lib.js', 'packages/node_modules')).stdout).toBe('lib');
  });

  test('whose source is gone stops before anything runs', async () => {
    await expect(run('touch ran', 'node_modules', [], join(state, 'absent'))).rejects.toMatchObject({ code: 'MOUNT_REFUSED' });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});

describe('scratch', () => {
  test('is writable under a read-only link, and thrown away', async () => {
    expect((await run('echo 1 > node_modules/.cache/x && cat node_modules/.cache/x', 'node_modules', ['node_modules/.cache'])).stdout).toBe(
      '1\n',
    );
    expect(readdirSync(join(modules, '.cache'))).toEqual([]);
    expect((await run('echo 1 > out/x; ls out', 'node_modules', ['out'])).stdout).toBe('x\n');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('something of an agent in the place stops the command before it runs, and nothing outside is touched:', () => {
  test.each(['absolute', 'relative'])('an %s link above it', async (kind) => {
    const victim = join(state, 'victim');
    mkdirSync(victim);
    symlinkSync(kind === 'absolute' ? victim : '../victim', join(folder, 'packages'));
    await expect(run('touch ran', 'packages/app/node_modules', ['packages/tmp'])).rejects.toMatchObject({
      code: 'MOUNT_REFUSED',
      message:
        'mount packages/app/node_modules: belongs at packages of the work tree, where a link stands; nothing was run. Remove packages there',
    });
    expect(readdirSync(victim)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['packages']);
  });

  test.each([
    ['a file', () => writeFileSync(join(folder, 'node_modules'), 'file')],
    ['a link to a folder', () => symlinkSync('..', join(folder, 'node_modules'))],
    ['a broken link', () => symlinkSync('nowhere', join(folder, 'node_modules'))],
  ])('%s', async (_title, put) => {
    put();
    await expect(run('touch ran', 'node_modules', ['node_modules/.cache'])).rejects.toMatchObject({ code: 'MOUNT_REFUSED' });
    await expect(run('touch ran', 'vendor', ['node_modules'])).rejects.toMatchObject({ code: 'MOUNT_REFUSED' });
    expect(readdirSync(join(modules, '.cache'))).toEqual([]);
    expect(readdirSync(folder)).toEqual(['node_modules']);
  });

  test('but links inside the tree that are in nobody’s place are an agent’s own', async () => {
    mkdirSync(join(folder, 'packages'));
    symlinkSync('packages', join(folder, 'alias'));
    expect((await run('echo 1 > alias/x; cat packages/x', 'node_modules')).stdout).toBe('1\n');
  });
});

describe('a source', () => {
  test.each([
    ['a link to a folder of the host', () => symlinkSync('/etc', join(state, 'root/node_modules')), /leads to \/etc, which is not inside/],
    ['a link above it', () => symlinkSync('/', join(state, 'root/up')), /leads to \/etc, which is not inside/],
    ['a link to its own root', () => symlinkSync('.', join(state, 'root/node_modules')), /not inside/],
    ["git's data", () => symlinkSync('.git', join(state, 'root/node_modules')), /git's own data/],
    ['a pipe', () => execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(state, 'root/node_modules')]), /neither a folder nor a file/],
    ['nothing', () => undefined, /cannot be opened/],
  ])('that is %s is refused before anything runs', async (what, put, message) => {
    mkdirSync(join(state, 'root/.git'), { recursive: true });
    put();
    const from = join(state, 'root', what === 'a link above it' ? 'up/etc' : 'node_modules');
    const refusal = { code: 'MOUNT_REFUSED', message: expect.stringMatching(message) };
    await expect(run('touch ran', 'node_modules', [], from, join(state, 'root'))).rejects.toMatchObject(refusal);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that is a link inside its root is mounted by what it leads to', async () => {
    mkdirSync(join(state, 'root/store'), { recursive: true });
    writeFileSync(join(state, 'root/store/lib.js'), 'stored');
    symlinkSync('store', join(state, 'root/node_modules'));
    expect((await run('cat node_modules/lib.js', 'node_modules', [], join(state, 'root/node_modules'), join(state, 'root'))).stdout).toBe(
      'stored',
    );
  });
});

test('what was checked is what is mounted: another folder that takes its path in between stops the command', async () => {
  const from = join(state, 'race');
  mkdirSync(from);
  const places = makePlaces({ ...request(['true']), links: [{ from, at: 'node_modules', root: state }] });
  const started = (argv: readonly string[]) =>
    execFileSync('sh', ['-c', '"$@" 2>&1; echo $?', 'sh', ...bwrapArguments({ ...request(argv), ...places }, ON)], { encoding: 'utf8' });
  try {
    expect(started(['echo', 'ran'])).toBe('ran\n0\n');
    renameSync(from, join(state, 'before'));
    cpSync(modules, from, { recursive: true });
    expect(started(['echo', 'ran'])).toBe(`${MOUNT_CHANGED.says}\n${MOUNT_CHANGED.exitCode}\n`);
  } finally {
    places.unmake();
  }
});

test("a command that prints the sandbox's own failure is only a command that failed", async () => {
  const result = await run('echo "bwrap: Creating new namespace failed" >&2; exit 1');
  expect(result).toMatchObject({ exitCode: 1, stderr: 'bwrap: Creating new namespace failed\n' });
});
