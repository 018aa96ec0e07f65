/** Links and scratch folders: what a command sees there, and that an agent's links and files in their place lead nowhere. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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

const run = (shell: string, at = 'node_modules', scratch: string[] = [], from = modules) =>
  createSandbox({ level: 'bwrap', stateFolder: state }).run({
    argv: ['sh', '-c', shell],
    workspace: folder,
    links: [{ from, at }],
    scratch,
    network: false,
    timeoutMs: 10_000,
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
    await expect(run('touch ran', 'node_modules', [], join(state, 'absent'))).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
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

describe('where an agent put something in the place, the command runs without the mount, and nothing outside is touched:', () => {
  test.each(['absolute', 'relative'])('an %s link above it', async (kind) => {
    const victim = join(state, 'victim');
    mkdirSync(victim);
    symlinkSync(kind === 'absolute' ? victim : '../victim', join(folder, 'packages'));
    const watched: string[] = [];
    const timer = setInterval(() => watched.push(...readdirSync(victim)), 1);
    const result = await run('echo ran', 'packages/app/node_modules', ['packages/tmp']);
    clearInterval(timer);
    expect(result.stdout).toBe('ran\n');
    expect([...watched, ...readdirSync(victim)]).toEqual([]);
  });

  test.each([
    ['a file', () => writeFileSync(join(folder, 'node_modules'), 'file')],
    ['a link to a folder', () => symlinkSync('..', join(folder, 'node_modules'))],
    ['a broken link', () => symlinkSync('nowhere', join(folder, 'node_modules'))],
  ])('%s', async (_title, put) => {
    put();
    expect((await run('echo ran', 'node_modules', ['node_modules/.cache'])).stdout).toBe('ran\n');
    expect(readdirSync(join(modules, '.cache'))).toEqual([]);
    expect(readdirSync(folder)).toEqual(['node_modules']);
  });
});

test("a command that prints the sandbox's own failure is only a command that failed", async () => {
  const result = await run('echo "bwrap: Creating new namespace failed" >&2; exit 1');
  expect(result).toMatchObject({ exitCode: 1, stderr: 'bwrap: Creating new namespace failed\n' });
});
