/** When the canaries are asked, and that nothing runs where one got out. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { CommandResult, SandboxRequest } from '../../domain/workspace.ts';
import { createProof, runCanaries } from '../../tools/canaries.ts';
import { createSandbox } from '../../tools/sandbox.ts';

test('before the first command of a process every canary is tried, and not again', async () => {
  const state = mkdtempSync(join(tmpdir(), 'governor-proof-'));
  try {
    const ran = async (name: string): Promise<boolean> => {
      const stateFolder = join(state, name);
      mkdirSync(stateFolder);
      const sandbox = createSandbox({ level: 'bwrap', stateFolder });
      await sandbox.run({ argv: ['true'], workspace: stateFolder, links: [], scratch: [], network: false, timeoutMs: 10_000 });
      return existsSync(join(stateFolder, 'work'));
    };
    expect([await ran('first'), await ran('second')]).toEqual([true, false]);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

test('where one got out nothing runs, and it is tried again when somebody asks again; where all held it is not', async () => {
  const proven = createProof();
  let asked = 0;
  let out = true;
  const canaries = async () => {
    asked += 1;
    return [
      { name: 'host files', ok: true, detail: 'held' },
      { name: 'network', ok: !out, detail: 'a port of this machine was reached' },
    ];
  };
  await expect(proven(canaries)).rejects.toMatchObject({
    code: 'SANDBOX_UNAVAILABLE',
    message: 'sandbox: it does not hold: network (a port of this machine was reached); nothing was run. See: governor doctor',
  });
  const nothingRuns = ['a command runs', 'network'].map((name) => ({ name, ok: false, detail: 'bwrap is not installed' }));
  await expect(proven(async () => nothingRuns)).rejects.toThrow(
    'sandbox: it does not hold: a command runs (bwrap is not installed); nothing was run.',
  );
  out = false;
  await Promise.all([proven(canaries), proven(canaries)]);
  await proven(canaries);
  expect(asked).toBe(2);
});

/** Programs that succeed at what a sandbox forbids, without doing it: the machine of the test is not harmed. */
const LOOSE = `id() { echo 0; }; env() { echo GOVERNOR_KEY=1; }; mount() { true; }; touch() { true; }; unshare() { true; }; grep() { false; }; setsid() { "$@"; }
`;

/** Process groups of what ran without a sandbox. */
const groups = new Set<number>();
afterEach(() => {
  for (const group of groups)
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  groups.clear();
});

/** No sandbox at all. */
const bare =
  (change: (result: CommandResult) => CommandResult = (result) => result, before = LOOSE) =>
  (request: SandboxRequest): Promise<CommandResult> =>
    new Promise((done) => {
      const [program = '', ...rest] = request.argv;
      const argv = program === 'sh' ? [rest[0] ?? '', `${before}${(rest[1] ?? '').replace('/proc/sys/kernel/core_pattern', '.')}`] : rest;
      const child = spawn(program, argv, { cwd: request.workspace, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
      if (child.pid !== undefined) groups.add(child.pid);
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      // What it left at work ends a little later.
      child.on('exit', () => setTimeout(() => child.stdout.destroy(), 200));
      child.on('close', (exitCode) => done(change({ exitCode, stdout, stderr: '', truncated: false, timedOut: false, durationMs: 0 })));
    });

async function tried(run: (request: SandboxRequest) => Promise<CommandResult>): Promise<Map<string, string>> {
  const state = mkdtempSync(join(tmpdir(), 'governor-canaries-'));
  try {
    return new Map((await runCanaries(run, state)).map(({ name, ok, detail }) => [name, ok ? 'held' : detail]));
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

test('without a sandbox each of them gets out, and says what did', async () => {
  expect(Object.fromEntries(await tried(bare()))).toEqual({
    'a command runs': 'held',
    'not root': 'commands run as uid 0',
    'host files': 'a file of the governor or of the host can be read',
    environment: 'variables of the governor are seen',
    network: 'a port of this machine was reached',
    remount: 'the root was remounted',
    'kernel settings': 'core_pattern can be written',
    'writes outside': 'a write outside the workspace succeeded',
    'system calls': process.platform === 'linux' ? 'system calls are not filtered' : 'held',
    'own namespaces': 'a user namespace was made',
    'network of setup': 'a port of this machine was reached',
    'no process left': 'a process outlived its command',
  });
});

test('what is not told to its end did not hold: an output that was cut, a command that ended before, one that never ran', async () => {
  const cut = await tried(bare((result) => ({ ...result, stdout: result.stdout.slice(0, -30) })));
  expect(cut.get('own namespaces')).toBe('it could not be tried');
  const ended = await tried(bare(undefined, 'id() { kill $$; sleep 5; }; setsid() { "$@"; }\n'));
  expect([...ended].filter(([, detail]) => detail === 'held').map(([name]) => name)).toEqual(['a command runs']);
  const none = await tried(() => Promise.reject(new Error('bwrap is not installed')));
  expect(new Set(none.values())).toEqual(new Set(['bwrap is not installed']));
});
