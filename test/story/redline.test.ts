/** Red lines and scope are judged on the difference of trees (invariant 8). */
import { afterEach, expect, test } from 'vitest';
import { approve, critic, makeWorld, planReply, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const protect = [{ id: 'money', paths: ['payments/**'], reason: 'moves money', match: ['payments/a.js'] }];
const files = { 'payments/rate.js': 'export const rate = 1;\n' };

async function redLinesOf(replies: Parameters<typeof makeWorld>[0], plan = ['**']) {
  world = makeWorld({ config: { protect, plan: { approval: 'never' }, release: { approval: 'on-red-line' } }, files, ...replies });
  const operations = await world.open();
  const result = await start(world, operations);
  const gate = await operations.gate(result.thread_id);
  await operations.close();
  return { result, lines: gate?.redLines.map((line) => line.rule_id) ?? [], plan };
}

test('a change of a protected path waits for the named approval', async () => {
  const { result, lines } = await redLinesOf({
    replies: [planReply(1, ['**']), write(1, 1, 'payments/rate.js', 'export const rate = 2;\n'), submit(1, 2), critic(1)],
  });
  expect(result.status).toBe('waiting');
  expect(lines).toEqual(['money']);
});

test('moving a file out of a protected folder by shell fires the rule on its old name', async () => {
  const { lines } = await redLinesOf({
    replies: [planReply(1, ['**']), tool('lead', 1, 1, 'run_command', { shell: 'mv payments elsewhere' }), submit(1, 2), critic(1)],
  });
  expect(lines).toEqual(['money']);
});

test('another case of the same name fires the rule', async () => {
  const { lines } = await redLinesOf({
    replies: [planReply(1, ['**']), write(1, 1, 'PAYMENTS/x.js', 'export const x = 1;\n'), submit(1, 2), critic(1)],
  });
  expect(lines).toEqual(['money']);
});

test('a change of mode alone fires the rule', async () => {
  const { lines } = await redLinesOf({
    replies: [planReply(1, ['**']), tool('lead', 1, 1, 'run_command', { shell: 'chmod +x payments/rate.js' }), submit(1, 2), critic(1)],
  });
  expect(lines).toEqual(['money']);
});

test('the rules that govern agents are behind a red line themselves', async () => {
  const { lines } = await redLinesOf({
    replies: [planReply(1, ['**']), tool('lead', 1, 1, 'run_command', { shell: 'echo "# x" >> governor.yaml' }), submit(1, 2), critic(1)],
  });
  expect(lines).toEqual(['governor']);
});

test('a change that touches no red line is released without a person where policy says so', async () => {
  const { result } = await redLinesOf({
    replies: [planReply(1, ['**']), write(1, 1, 'src/more.js', 'export const more = 1;\n'), submit(1, 2), critic(1)],
  });
  expect(result.status).toBe('released');
});

test('a planned red line asks at the plan gate already', async () => {
  world = makeWorld({
    config: { protect },
    files,
    replies: [planReply(1, ['payments/**']), write(1, 1, 'payments/rate.js', 'export const rate = 2;\n'), submit(1, 2), critic(1)],
  });
  const operations = await world.open();
  const first = await start(world, operations);
  expect(first.waiting?.gate).toBe('plan');
  const second = await approve(operations, first.thread_id);
  expect(second.waiting?.gate).toBe('release');
  await operations.close();
});

test('a link out of the tree and a path outside the plan are refused', async () => {
  const limits = { reviewRounds: 1, maxOutputTokens: 1024 };
  world = makeWorld({
    config: { limits },
    replies: [planReply(1, ['**']), tool('lead', 1, 1, 'run_command', { shell: 'ln -s /etc/passwd src/p' }), submit(1, 2), critic(1)],
  });
  let operations = await world.open();
  expect((await start(world, operations)).reason?.code).toBe('PATH_DENIED');
  await operations.close();
  world.dispose();
  const insists = { ...submit(1, 2), repeat: true };
  world = makeWorld({ config: { limits }, replies: [planReply(1, ['src/**']), write(1, 1, 'docs/x.md', 'x\n'), insists, critic(1)] });
  operations = await world.open();
  const stopped = await start(world, operations);
  expect(stopped.reason?.code).toBe('NO_PROGRESS');
  const refused = (await operations.audit(stopped.thread_id)).filter((record) => record.action === 'tool-refused');
  expect(new Set(refused.map((record) => record.code))).toEqual(new Set(['OUT_OF_SCOPE']));
  await operations.close();
});
