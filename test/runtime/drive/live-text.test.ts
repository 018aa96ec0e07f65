/** What somebody who looks on hears of an answer while it is written. */
import { expect, test } from 'vitest';
import { liveText } from '../../../runtime/drive/live-text.ts';
import type { LiveText } from '../../../runtime/options.ts';
import { createStreamRedactor } from '../../../tools/redact-stream.ts';

const lead = { threadId: 't', stage: 'build', attempt: 1, role: 'lead', agent: 'lead', call: 1 } as const;

function listening() {
  const told: LiveText[] = [];
  return { told, listen: liveText(createStreamRedactor(['very-secret-value']), (text) => told.push(text)) };
}

test('what is new is told as it comes, and the end of all of it', () => {
  const { told, listen } = listening();
  const answer = listen(lead);
  for (const piece of ['I will', ' run', ' it.']) answer.hear(piece);
  answer.end('I will run it.');
  expect(told.map(({ piece, text, state }) => [piece, text, state])).toEqual([
    ['I will', 'I will', 'writing'],
    [' run', 'I will run', 'writing'],
    [' it.', 'I will run it.', 'writing'],
    ['', 'I will run it.', 'whole'],
  ]);
  const { threadId: _thread, ...who } = lead;
  expect(told[0]).toMatchObject({ ...who, answer: 1 });
});

test('a secret that comes in pieces is never told, not even its beginning', () => {
  const { told, listen } = listening();
  const answer = listen(lead);
  for (const piece of ['key ', 'very-se', 'cret-va', 'lue', ' is set']) answer.hear(piece);
  answer.end('key very-secret-value is set');
  expect(told.map(({ text }) => text)).toEqual(['key ', 'key [REDACTED]', 'key [REDACTED] is set', 'key [REDACTED] is set']);
});

test('an answer that did not stream is told at its end, and one that failed is told as lost', () => {
  const { told, listen } = listening();
  listen(lead).end('whole at once');
  const failing = listen({ ...lead, call: 2 });
  failing.hear('half of');
  failing.end(undefined);
  listen({ ...lead, call: 2 }).end('all of it');
  expect(told.map(({ call, answer, piece, state }) => [call, answer, piece, state])).toEqual([
    [1, 1, 'whole at once', 'whole'],
    [2, 2, 'half of', 'writing'],
    [2, 2, '', 'lost'],
    [2, 3, 'all of it', 'whole'],
  ]);
});

test('answers of several agents do not mix, and of a long one only the end is kept', () => {
  const { told, listen } = listening();
  const [one, other] = [listen(lead), listen({ ...lead, role: 'worker', agent: 'w1.1' })];
  one.hear('one ');
  other.hear('other ');
  one.hear('x'.repeat(600));
  expect(told.map(({ agent, text }) => [agent, text.length])).toEqual([
    ['lead', 4],
    ['w1.1', 6],
    ['lead', 500],
  ]);
});
