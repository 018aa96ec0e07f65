/** Which wishes reach which agent of a monorepo: the planner the top folder's, the lead the planned ones, a worker its task's, the critic the changed ones. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { eachWorld, operations, otherWorld, world } from '../story/each.ts';
import { critic, planReply, type Reply, start, submit, tool } from '../story/world.ts';

eachWorld();

const FILES = {
  'AGENTS.md': 'wishes of the top folder',
  'packages/a/AGENTS.md': 'wishes of a',
  'packages/b/CLAUDE.md': 'wishes of b',
  'packages/c/AGENTS.md': 'wishes of c',
};
const make = (agent: string, path: string): Reply[] => [
  { ...tool('worker', 1, 1, 'write_file', { path, content: 'export const made = 1;\n' }), agent },
  { ...tool('worker', 1, 2, 'submit_work', { status: 'done', summary: 'made' }), agent },
];
const task = (name: string): object => ({ title: name, goal: `make ${name}`, paths: [`packages/${name}/**`] });

/** The wishes that the first message of an agent quotes, in their order. */
function wishesOf(thread: string, agent: string, task: string): string[] {
  const database = new Database(join(world.home, 'governor.sqlite'), { readonly: true });
  const rows = database
    .prepare<[string, string], { message: string }>('SELECT message FROM transcripts WHERE thread_id = ? AND agent = ? AND parent IS NULL')
    .all(thread, agent)
    .map(({ message }): string => JSON.parse(message).content);
  database.close();
  const brief = rows.find((content) => content.includes(task)) ?? '';
  return [...brief.matchAll(/^wishes of (.+)$/gm)].map((match) => match[1] ?? '');
}

test('each agent is told the wishes over the paths that it is about, the nearest first', async () => {
  await otherWorld({
    files: FILES,
    replies: [
      planReply(1, ['packages/a/**', 'packages/b/src/x.js']),
      tool('lead', 1, 1, 'delegate', { tasks: [task('a'), { ...task('b'), paths: ['packages/b/src/x.js'] }] }),
      ...make('w1.1', 'packages/a/x.js'),
      ...make('w1.2', 'packages/b/src/x.js'),
      submit(1, 2),
      critic(1),
    ],
  });
  const { thread_id: thread, status } = await start(world, operations);
  expect(status).toBe('waiting');
  expect(wishesOf(thread, '-', 'This is plan 1')).toEqual(['the top folder']);
  expect(wishesOf(thread, 'lead', 'This is attempt 1')).toEqual(['a', 'b', 'the top folder']);
  expect(wishesOf(thread, 'w1.1', 'You are w1.1')).toEqual(['a', 'the top folder']);
  expect(wishesOf(thread, 'w1.2', 'You are w1.2')).toEqual(['b', 'the top folder']);
  expect(wishesOf(thread, '-', 'The difference, as data')).toEqual(['a', 'b', 'the top folder']);
});
