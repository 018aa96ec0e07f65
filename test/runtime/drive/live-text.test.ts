/** What somebody who looks on hears of an answer while it is written. */
import { expect, test } from 'vitest';
import { liveText } from '../../../runtime/drive/live-text.ts';
import type { LiveText } from '../../../runtime/options.ts';

const lead = { threadId: 't', role: 'lead', agent: 'lead', call: 1 } as const;

function listening() {
  const told: LiveText[] = [];
  const hear = liveText(
    (text) => text.replaceAll('sk-very-secret', '***'),
    (text) => told.push(text),
  );
  return { told, hear };
}

test('whole words are told as they come, the newest last', () => {
  const { told, hear } = listening();
  for (const piece of ['I wi', 'll add', ' the sum', ' now.']) hear(lead, piece);
  expect(told.map((one) => one.text)).toEqual(['I', 'I will', 'I will add the', 'I will add the sum']);
});

test('a secret that comes in pieces is never told, not even its beginning', () => {
  const { told, hear } = listening();
  for (const piece of ['key ', 'sk-ve', 'ry-sec', 'ret', ' is set']) hear(lead, piece);
  expect(told.map((one) => one.text)).toEqual(['key', 'key', 'key', 'key', 'key *** is']);
  expect(JSON.stringify(told)).not.toContain('sk-ve');
});

test('agents do not mix, and a new call begins anew', () => {
  const { told, hear } = listening();
  hear(lead, 'one two ');
  hear({ ...lead, role: 'worker', agent: 'w1.1' }, 'other words ');
  hear({ ...lead, call: 2 }, 'three four ');
  expect(told.map((one) => [one.agent, one.call, one.text])).toEqual([
    ['lead', 1, 'one two'],
    ['w1.1', 1, 'other words'],
    ['lead', 2, 'three four'],
  ]);
});
