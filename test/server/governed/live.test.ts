/** The caps of what readers of a governed run are told live, and what becomes of an event that cannot be stored. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LiveText, StreamChunk } from '../../../runtime/options.ts';
import { createThread } from '../../../runtime/start/create.ts';
import { tellAgents } from '../../../server/governed/live.ts';
import { makeWorld, type World } from '../../story/world.ts';
import { type GovernedServer, governedServer, servedRun } from './governed-server.ts';

let world: World;
let server: GovernedServer;
let thread: string;
beforeEach(async () => {
  world = makeWorld();
  server = await governedServer(world);
  thread = (await createThread(server.runtime, { goal: 'Add a product function', repo: world.repo, scriptFile: world.script })).threadId;
});
afterEach(() => {
  server.runtime.stores.close();
  world.dispose();
});

const text = (answer: number, piece: string): LiveText => ({
  stage: 'build',
  attempt: 1,
  role: 'lead',
  agent: 'lead',
  call: answer,
  answer,
  piece,
  text: piece,
  state: 'writing',
});

async function telling(modes: readonly string[], work: (hear: (text: LiveText) => void) => void): Promise<StreamChunk[]> {
  const told: StreamChunk[] = [];
  const live = await tellAgents(server, servedRun(thread), {
    modes,
    emit: async (chunk) => {
      told.push(chunk);
    },
  });
  work(live.hear);
  await live.end();
  return told;
}

test('pieces that come between two looks are one event, and a long one is several', async () => {
  const told = await telling(['custom'], (hear) => {
    hear(text(1, 'one '));
    hear(text(2, 'y'.repeat(20_000)));
    hear(text(1, 'two'));
  });
  const texts = told.map(([, mode, data]) => [mode, (data as { text: string }).text.length]); // our own events
  expect(texts).toEqual([
    ['custom', 7],
    ['custom', 8000],
    ['custom', 8000],
    ['custom', 4000],
  ]);
});

test('a long one is cut between characters, and nothing of it is lost', async () => {
  const said = `${'y'.repeat(7999)}😀${'z'.repeat(9000)}😀`;
  const told = await telling(['custom'], (hear) => hear(text(1, said)));
  const pieces = told.map(([, , data]) => (data as { text: string }).text); // our own events
  expect(pieces.join('')).toBe(said);
  expect(pieces.map((piece) => Buffer.from(piece).toString('utf8') === piece)).toEqual([true, true, true]);
});

test('after 20,000 events one says that no more come', async () => {
  const told = await telling(['custom'], (hear) => {
    for (let answer = 1; answer <= 20_100; answer += 1) hear(text(answer, 'x'));
  });
  expect(told).toHaveLength(20_001);
  expect(told.at(-2)?.[2]).toMatchObject({ event: 'text', step: 20_000 });
  expect(told.at(-1)?.[2]).toMatchObject({ type: 'governor/agent', event: 'capped', text: expect.stringContaining('20000 events') });
});

test('what cannot be stored is told at the end, and ends the telling', async () => {
  const live = await tellAgents(server, servedRun(thread), {
    modes: ['messages'],
    emit: async () => {
      throw new Error('the disk is full');
    },
  });
  live.hear(text(1, 'x'));
  await expect(live.end()).rejects.toThrow('the disk is full');
});
