/** `governor log`: lines for people, events for programs, and on until the run rests, whoever runs it. */
import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { run } from '../../../cli/main.ts';
import { logEventSchema } from '../../../domain/log.ts';
import { governor } from '../../story/command.ts';
import { approve, HAPPY, makeWorld, start, type World } from '../../story/world.ts';

let world: World;
afterEach(() => world.dispose());

const REPLIES = HAPPY.map((reply) =>
  reply.role === 'lead' && reply.call === 1 ? { ...reply, text: 'I write it.\nThen its \u001b[2Jtest.' } : reply,
);

async function log(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  let output = '';
  let errors = '';
  const code = await run(['log', ...args, '--home', world.home], {
    stdout: (text) => (output += text),
    stderr: (text) => (errors += text),
    env: { PATH: process.env['PATH'] ?? '' },
    isTTY: false,
    size: () => ({ columns: 80, rows: 24 }),
  });
  return { code, output, errors };
}

/** The lines of one agent, without their times. */
const timeless = (output: string): string => output.replaceAll(/^\d\d:\d\d:\d\d /gm, '');

test('prints words, calls and results with stage, attempt, agent and step; also of a run that has ended, and after gc', async () => {
  world = makeWorld({ replies: REPLIES });
  const operations = await world.open();
  const { thread_id: thread } = await start(world, operations);
  await approve(operations, thread);
  const lead = await log(thread, '--agent', 'lead');
  expect(lead.code).toBe(0);
  expect(timeless(lead.output)).toContain(
    [
      'build#1 lead 1: I write it.',
      '    Then its \\u{1b}[2Jtest.',
      'build#1 lead 1 > write_file src/product.js (1 lines)',
      'build#1 lead 1 < write_file ok',
    ].join('\n'),
  );
  expect(timeless(lead.output)).toMatch(
    /build#1 lead 3 > run_command node --test\nbuild#1 lead 3 < run_command exit 0 \(\d+ bytes\)\n {4}\S/,
  );
  expect(timeless(lead.output)).toMatch(/build#1 lead hands over 20-build\.1\.json\n$/);
  const whole = timeless((await log('last')).output);
  expect(whole).toMatch(/^run-create/);
  expect(whole).toContain('\ncheck test pass, exit 0\n');
  expect(whole).toMatch(/run-end released\n$/);
  const events = (await log(thread, '--json')).output
    .trim()
    .split('\n')
    .map((line) => logEventSchema.parse(JSON.parse(line)));
  expect(events).toEqual(await operations.log(thread));

  const unknown = await log(thread, '--agent', 'w1.1');
  expect(unknown).toEqual({ code: 2, output: '', errors: `agent "w1.1": thread ${thread} has planner, lead, critic; name one of them\n` });

  await operations.gc(0);
  const pruned = await log(thread);
  expect(pruned.code).toBe(0);
  expect(timeless(pruned.output)).toMatch(/^.*\[pruned\] gc removed the transcripts of this thread at /);
  expect(timeless(pruned.output)).toContain('build#1 lead 3 > run_command ["node","--test"]');
  await operations.close();
});

const command = (...more: string[]) => ['run', 'Add a product function', '--repo', world.repo, '--script', world.script, '--json', ...more];

test('--follow prints what another process does, as it does it, and ends with 0 when the run waits', async () => {
  world = makeWorld({ replies: REPLIES.map((reply) => ({ ...reply, delayMs: 100 })) });
  const thread = String((await governor(world, command('--detach'))).result.thread_id);
  const { code, output } = await log(thread, '--follow', '--agent', 'critic');
  expect(code).toBe(0);
  expect(timeless(output)).toContain('review_critic#1 critic 1 > submit_review pass, 0 finding(s)');
  const again = await log(thread, '--follow');
  expect(again.code).toBe(0);
  expect(timeless(again.output)).toMatch(/run-wait waiting\n$/);
  expect((await log(thread, '--follow', '--agent', 'w3.1')).code).toBe(2);
});

test('Ctrl-C ends --follow with 0, and the run goes on', async () => {
  world = makeWorld({ replies: REPLIES.map((reply) => ({ ...reply, delayMs: reply.role === 'critic' ? 60_000 : 0 })) });
  const thread = String((await governor(world, command('--detach'))).result.thread_id);
  const cli = new URL('../../../dist/cli/main.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [cli, 'log', thread, '--follow', '--home', world.home], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (!child.killed && output.includes('submit_build')) child.kill('SIGINT');
  });
  expect(await code).toBe(0);
  expect(output).not.toContain('submit_review');
  const operations = await world.open();
  expect(await operations.result(thread)).toMatchObject({ status: 'running' });
  await operations.cancel(thread);
  await operations.close();
});

test('followed where no process runs it any more, it ends and names the command that goes on, as it can be pasted', async () => {
  world = makeWorld({ replies: REPLIES });
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  expect(await log('last', '--follow')).toMatchObject({
    code: 0,
    errors: `no process runs it; go on with: governor resume ${threadId.slice(0, 8)}\n`,
  });
  await operations.close();
});
