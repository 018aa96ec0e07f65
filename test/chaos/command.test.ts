/** The command line where the surroundings misbehave: files that are not there, readers that leave, processes that die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import type { RunResult } from '../../domain/run.ts';
import { HAPPY, makeWorld, type World } from '../story/world.ts';
import { until } from '../until.ts';

const cli = new URL('../../dist/cli/main.js', import.meta.url).pathname;

let world: World;
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  world.dispose();
});

interface Said {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

function begin(
  argv: readonly string[],
  cwd: string,
): { child: ChildProcess; ended: Promise<Said>; says: (text: string) => Promise<boolean> } {
  const [command = '', ...rest] = argv;
  const child = spawn(command, rest, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], GOVERNOR_HOME: world.home },
  });
  children.push(child);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<Said>((resolve) => child.on('close', (code) => resolve({ code, output, errors })));
  const says = (text: string): Promise<boolean> =>
    until(() => `${output}${errors}`.includes(text) || child.exitCode !== null, JSON.stringify(text), { ms: 60_000 });
  return { child, ended, says };
}

const governor = (...args: string[]) => begin([process.execPath, cli, ...args], world.folder);
const shell = (line: string) => begin(['bash', '--norc', '-c', line, process.execPath, cli], world.folder).ended;
const run = (...more: string[]) => ['run', 'Add a product function', '--repo', world.repo, '--script', world.script, ...more];
const last = async (): Promise<RunResult> => JSON.parse((await governor('show', 'last', '--json').ended).output) as RunResult;
const slow = (delayMs: number): World => makeWorld({ replies: HAPPY.map((reply) => ({ ...reply, delayMs })) });

test('a file that a flag names and that cannot be read is wrong usage, named with its flag', async () => {
  world = makeWorld();
  const absent = join(world.folder, 'absent');
  for (const [flag, file] of [
    ['--file', absent],
    ['--file', world.folder],
    ['--config', absent],
    ['--config', world.folder],
    ['--script', absent],
  ] as const) {
    const args = ['run', ...(flag === '--file' ? [] : ['Add a product']), '--repo', world.repo, flag, file];
    const said = await governor(...args).ended;
    expect(said.code, `${flag} ${file}: ${said.errors}`).toBe(2);
    expect(said.errors).toContain(`${flag} ${file}: cannot be read`);
  }
});

test('the version is told, and a folder named .env is no matter of ours', async () => {
  world = makeWorld();
  mkdirSync(join(world.folder, '.env'));
  const said = await governor('--version').ended;
  expect(said).toMatchObject({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), errors: '' });
});

test('a reader that leaves breaks neither a look nor a run', async () => {
  world = slow(100);
  const started = await shell(
    `"$0" "$1" ${run('--json')
      .map((word) => `'${word}'`)
      .join(' ')} | head -1 >&2; exit \${PIPESTATUS[0]}`,
  );
  expect(started.code, started.errors).toBe(4);
  expect(started.errors).not.toContain('EPIPE');
  expect((await last()).status).toBe('waiting');
  const looked = await shell(`"$0" "$1" audit --json | head -c 10; exit \${PIPESTATUS[0]}`);
  expect(looked).toMatchObject({ code: 0, errors: '' });
});

test('a closed terminal drains the run to a checkpoint', async () => {
  world = slow(400);
  const running = governor(...run());
  await running.says('model-call');
  running.child.kill('SIGHUP');
  expect((await running.ended).code).toBe(3);
  expect(await last()).toMatchObject({ status: 'cancelled', reason: { code: 'CANCELLED', resumable: true } });
});

test('a resume that watches another process is left with Ctrl-C, and widening a live run is refused', async () => {
  world = slow(1000);
  const running = governor(...run());
  await running.says('model-call');
  const widened = await governor('resume', 'last', '--add-usd', '1').ended;
  expect(widened.code).toBe(2);
  expect(widened.errors).toContain('is running');
  const watching = governor('resume', 'last');
  await watching.says('model-call');
  watching.child.kill('SIGINT');
  const left = await watching.ended;
  expect(left.code, left.errors).toBe(3);
  expect(left.errors).toContain('another process runs it');
  expect((await last()).status).toBe('running');
  running.child.kill('SIGTERM');
  expect((await running.ended).errors).not.toContain('MaxListeners');
});

test('a watch ends when the process that ran the thread is dead, and says how to go on', async () => {
  world = slow(60_000);
  const running = governor(...run());
  await running.says('model-call');
  running.child.kill('SIGKILL');
  await running.ended;
  const watched = await governor('watch', 'last').ended;
  expect(watched.code).toBe(3);
  expect(watched.errors).toContain('no process runs it; go on with: governor resume');
});

test('Ctrl-C and the end of the input at the question decide nothing', async () => {
  world = makeWorld();
  await governor(...run('--quiet')).ended;
  for (const key of ['\u0003', '\u0004']) {
    const asked = begin(['script', '-qec', `'${process.execPath}' '${cli}' approve last`, '/dev/null'], world.folder);
    await asked.says('approve this?');
    asked.child.stdin?.write(key);
    const said = await asked.ended;
    expect(said.code, said.output).toBe(4);
    expect(said.output).toContain('nothing was decided');
  }
  expect((await last()).status).toBe('waiting');
});

test('a home whose disk is full is DISK_LIMIT, also for a command that only comes by', async () => {
  world = makeWorld();
  mkdirSync(world.home);
  const script = [
    `"$0" "$1" ${run('--quiet')
      .map((word) => `'${word}'`)
      .join(' ')}`,
    `cat /dev/zero > "$GOVERNOR_HOME/filler" 2>/dev/null; truncate -s -40K "$GOVERNOR_HOME/filler"`,
    '"$0" "$1" resume last --quiet; echo "code $?"',
  ].join('; ');
  const inside = ['bwrap', '--dev-bind', '/', '/', '--size', '4000000', '--tmpfs', world.home, 'bash', '--norc', '-c', script];
  const said = await begin([...inside, process.execPath, cli], world.folder).ended;
  expect(said.output, said.errors).toContain('code 3');
  expect(said.errors).toContain('full');
  expect(said.errors).not.toContain('defect');
});

test('a gate whose process died before it could say that it waits is decided all the same', async () => {
  world = makeWorld();
  await governor(...run('--quiet')).ended;
  const subject = String((await last()).waiting?.subject);
  const database = new Database(join(world.home, 'governor.sqlite'));
  database.exec("UPDATE runs SET status = 'running'");
  database.close();
  const decided = await governor('approve', 'last', '--subject', subject, '--json').ended;
  expect(decided.code, decided.errors).toBe(0);
  expect((await last()).status).toBe('released');
});

test('a goal that is too long names the one limit, however long it is', async () => {
  world = makeWorld();
  for (const bytes of [17_000, 70_000]) {
    const file = join(world.folder, 'goal.md');
    writeFileSync(file, 'x'.repeat(bytes));
    const said = await governor('run', '--repo', world.repo, '--file', file).ended;
    expect(said).toMatchObject({ code: 2, errors: `goal: ${bytes} bytes; at most 16384 are allowed\n` });
  }
});

test('a resume tells what happens from now on, and a wrong flag nothing but what is wrong', async () => {
  world = makeWorld();
  await governor(...run('--quiet')).ended;
  const resumed = await governor('resume', 'last').ended;
  expect(resumed.code).toBe(4);
  expect(resumed.errors).toContain('run-wait');
  expect(resumed.errors).not.toContain('model-call');
  const refused = await governor('resume', 'last', '--add-calls', '1.5').ended;
  expect(refused).toMatchObject({ code: 2, errors: '--add-calls "1.5": is a whole number of 1 or more\n' });
});

test('a goal file that is no UTF-8 text is refused', async () => {
  world = makeWorld();
  const file = join(world.folder, 'goal.md');
  writeFileSync(file, Buffer.from('bad \u00ff', 'latin1'));
  const said = await governor('run', '--repo', world.repo, '--file', file).ended;
  expect(said).toMatchObject({ code: 2, errors: `--file ${file}: is not UTF-8 text\n` });
});

test('doctor names an endpoint that does not answer, also outside a repository', async () => {
  world = makeWorld();
  const endpoint = 'http://127.0.0.1:9/v1';
  const said = await begin(['env', `OPENAI_BASE_URL=${endpoint}`, process.execPath, cli, 'doctor'], world.folder).ended;
  expect(said.code).toBe(2);
  expect(said.output).toContain(`FAIL model endpoint   ${endpoint} does not answer`);
});

test('a detached run that is cancelled before it came up stays cancelled', async () => {
  world = makeWorld();
  const created = JSON.parse((await governor(...run('--detach', '--json')).ended).output) as RunResult;
  await governor('cancel', created.thread_id).ended;
  // What the detached process does when it comes up late.
  const begun = await governor('resume', created.thread_id, '--begin', '--json').ended;
  expect(begun.code).toBe(3);
  expect(await last()).toMatchObject({ status: 'cancelled' });
});

test('a budget gate says what it is about and how to allow more', async () => {
  world = makeWorld({ config: { limits: { costUsd: 0.01, maxOutputTokens: 1024, onExhausted: 'ask' } } });
  const asked = await governor(...run('--quiet')).ended;
  expect(asked.code).toBe(4);
  expect(asked.output).toMatch(/next: governor approve .* --add-usd N/);
  expect((await governor('show', 'last').ended).errors).toContain('asks for more: the next call of the lead does not fit');
});

test('a gate whose review was edited is not decided: the code, the file and the result object are told', async () => {
  world = makeWorld();
  await governor(...run('--quiet')).ended;
  const { thread_id: thread, waiting } = await last();
  const file = join(world.home, 'runs', thread, '30-review.1.json');
  writeFileSync(file, `${readFileSync(file, 'utf8')} `);
  const said = await governor('approve', thread, '--subject', String(waiting?.subject), '--json').ended;
  expect(said.code).toBe(3);
  expect(said.errors).toMatch(/^STATE_TAMPERED: 30-review\.1\.json: digest /);
  expect(JSON.parse(said.output)).toMatchObject({ thread_id: thread, status: 'waiting' });
});
