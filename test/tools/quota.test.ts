/** The quota of a work tree: what a command may make it grow by, over all its commands, and that it is killed above. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StopError } from '../../domain/errors.ts';
import { sandboxLimitsSchema } from '../../domain/sandbox-limits.ts';
import type { CommandResult, Sandbox } from '../../domain/workspace.ts';
import { createSandbox } from '../../tools/sandbox.ts';

const MIB = 1024 * 1024;
const GROWTH = { bytes: 64 * MIB, files: 2000 };

let state: string;
let folder: string;
let sandboxes: Record<'bwrap' | 'unsafe', Sandbox>;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'governor-quota-'));
  folder = join(state, 'tree');
  mkdirSync(folder);
  const make = (level: 'bwrap' | 'unsafe') =>
    createSandbox({ level, stateFolder: state, limits: sandboxLimitsSchema.parse({ treeMiB: 64, treeFiles: GROWTH.files }) });
  sandboxes = { bwrap: make('bwrap'), unsafe: make('unsafe') };
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const run = (shell: string, level: 'bwrap' | 'unsafe' = 'bwrap', signal?: AbortSignal): Promise<CommandResult> =>
  sandboxes[level].run({
    argv: ['sh', '-c', shell],
    workspace: folder,
    links: [],
    scratch: ['cache'],
    network: false,
    timeoutMs: 20_000,
    ...(signal === undefined ? {} : { signal }),
  });
const sleepAfter = (shell: string): string => `${shell}; sleep 15`;

describe.each(['bwrap', 'unsafe'] as const)('in %s, a command is killed with DISK_LIMIT', (level) => {
  test('when many files together are too large', async () => {
    const startedAt = Date.now();
    const flood = 'i=0; while :; do head -c 8000000 /dev/zero > f$i; i=$((i+1)); done';
    await expect(run(flood, level)).rejects.toMatchObject({
      code: 'DISK_LIMIT',
      facts: { byteCap: GROWTH.bytes, bytes: expect.any(Number) },
    });
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect(existsSync(join(folder, 'f0'))).toBe(true);
  });

  test('when there are too many of them, though they are empty', async () => {
    const error: unknown = await run(sleepAfter("mkdir m; cd m; seq 2500 | sed 's/^/f/' | xargs touch"), level).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'DISK_LIMIT', facts: { fileCap: GROWTH.files } });
    const { facts } = error as StopError; // matched above
    expect(facts['files']).toBeGreaterThan(GROWTH.files);
  });
});

describe('the quota counts', () => {
  test('what a command keeps open without a name', async () => {
    const hidden = 'exec 3> f; rm f; head -c 320000000 /dev/zero >&3; sync';
    await expect(run(sleepAfter(hidden))).rejects.toMatchObject({ code: 'DISK_LIMIT' });
  });

  test('all commands of a tree together, and refuses the next one above the cap before it runs', async () => {
    for (const name of ['a', 'b']) expect((await run(`head -c ${30 * MIB} /dev/zero > ${name}`)).exitCode).toBe(0);
    expect((await run(`head -c ${10 * MIB} /dev/zero > c`)).exitCode).toBe(0);
    await expect(run('touch ran')).rejects.toMatchObject({ code: 'DISK_LIMIT' });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
    rmSync(join(folder, 'c'));
    expect((await run('touch ran')).exitCode).toBe(0);
  });

  test('neither what was there before, nor scratch, nor holes', async () => {
    writeFileSync(join(folder, 'large'), Buffer.alloc(80 * MIB));
    const shell = `head -c ${50 * MIB} /dev/zero > new; truncate -s 900M hole; head -c ${90 * MIB} /dev/zero > cache/x; sleep 0.6`;
    const result = await run(shell);
    expect([result.exitCode, result.stderr]).toEqual([0, '']);
    expect(statSync(join(folder, 'hole')).size).toBe(900 * MIB);
  });

  test('a tree of its own when a folder is made anew under the same path', async () => {
    expect((await run(`head -c ${60 * MIB} /dev/zero > a`)).exitCode).toBe(0);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(join(folder, 'base'), Buffer.alloc(100 * MIB));
    expect((await run('true')).exitCode).toBe(0);
  });
});

test('a caller who aborts gets his own reason, and nothing goes on', async () => {
  const stop = new AbortController();
  const running = run('while :; do date +%N > beat; sleep 0.02; done', 'bwrap', stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 300);
  await expect(running).rejects.toThrow('enough');
  const before = statSync(join(folder, 'beat')).mtimeMs;
  await new Promise((wake) => setTimeout(wake, 200));
  expect(statSync(join(folder, 'beat')).mtimeMs).toBe(before);
  await expect(run('true', 'bwrap', stop.signal)).rejects.toThrow('enough');
});
