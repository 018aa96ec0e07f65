/** A process's output is whole when it ends, however long this process was held up; what still holds its pipes is not waited for. */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { runProcess } from '../../tools/process.ts';

const OPTIONS = { cwd: '/', env: { PATH: process.env['PATH'] ?? '' }, timeoutMs: 20_000 };

/** Nothing else happens in this process meanwhile. */
const holdUp = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Held up in the turn of the loop that learns of the end, so that the time the pipes have is over before they are read. */
async function underLoad(script: string): Promise<string> {
  const process = runProcess(['sh', '-c', `sleep 0.3; ${script}`], OPTIONS);
  const other = spawn('sh', ['-c', 'echo go'], { stdio: ['ignore', 'pipe', 'ignore'] });
  other.stdout.once('data', () => holdUp(600));
  other.once('exit', () => setImmediate(() => holdUp(400)));
  holdUp(100);
  return (await process).stdout.toString();
}

test('what a process wrote is read though this process was held up', async () => {
  expect(await underLoad('echo hello')).toBe('hello\n');
  expect(await underLoad('head -c 60000 /dev/zero | tr "\\0" x')).toBe('x'.repeat(60_000));
});

test('a daemon that holds the pipes, and writes on, is not waited for', async () => {
  const since = performance.now();
  const { exitCode, stdout } = await runProcess(
    ['sh', '-c', 'setsid sh -c "trap \\"\\" PIPE; for i in $(seq 200); do echo more; sleep 0.05; done" & echo done'],
    OPTIONS,
  );
  expect([exitCode, stdout.toString().includes('done')]).toEqual([0, true]);
  expect(performance.now() - since).toBeLessThan(5000);
});
