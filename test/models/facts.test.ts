/** What is remembered of messages is what they say, whatever was asked before. */
import { expect, test } from 'vitest';
import { digestOf, sha256 } from '../../domain/ids.ts';
import type { ChatMessage } from '../../domain/ports.ts';
import { contentBytesOf, countInputBound, createInputCount, opaqueBytesOf } from '../../models/count.ts';
import { createFacts } from '../../models/facts.ts';
import { folded, once } from '../../models/remembered.ts';
import { dice } from '../dice.ts';

const note = (content: string): ChatMessage => ({ role: 'user', content });
const answer = (content: string, origin: string): ChatMessage => ({
  role: 'assistant',
  content,
  toolCalls: [{ id: `c${content.length}`, name: 'read_file', arguments: '{"path":"a"}' }],
  opaque: { origin, content: { thought: content } },
});

test('a list that goes on from one that was folded is folded from there, any other one from its start', () => {
  const added: string[] = [];
  const join = folded('', (text, part: ChatMessage) => {
    added.push(part.content);
    return text + part.content;
  });
  const [a, b, c, d] = [note('a'), note('b'), note('c'), note('d')];
  expect(join([a, b])).toBe('ab');
  expect(join([a, b, c])).toBe('abc');
  expect(join([a, b])).toBe('ab');
  expect(added.splice(0)).toEqual(['a', 'b', 'c']);
  expect(join([a, d, c])).toBe('adc');
  expect(join([b, c])).toBe('bc');
  expect(join([])).toBe('');
  expect(added).toEqual(['a', 'd', 'c', 'b', 'c']);
});

test('what is there is read once, what is not is read again, and of many the newest are kept', async () => {
  const read: string[] = [];
  const there = new Set(Array.from({ length: 30 }, (_, index) => `key ${index}`));
  const known = once(async (key) => {
    read.push(key);
    return there.has(key) ? key.toUpperCase() : undefined;
  });
  expect([await known('late'), await known('late')]).toEqual([undefined, undefined]);
  there.add('late');
  expect([await known('late'), await known('late')]).toEqual(['LATE', 'LATE']);
  expect(read.splice(0)).toEqual(['late', 'late', 'late']);
  for (const key of there) await known(key);
  expect(read.splice(0)).toHaveLength(31);
  expect([await known('late'), await known('key 0')]).toEqual(['LATE', 'KEY 0']);
  expect(read).toEqual(['key 0']);
});

test('digests and bytes of requests that grow, shrink and part are those that are made at once', () => {
  const chance = dice(11);
  const below = (limit: number): number => Math.floor(chance() * limit);
  const facts = createFacts();
  const [count, other] = [createInputCount('mine'), createInputCount()];
  let messages: readonly ChatMessage[] = [];
  for (let turn = 0; turn < 400; turn += 1) {
    const keep = below(4) === 0 ? below(messages.length + 1) : messages.length;
    const next = below(2) === 0 ? note('ü'.repeat(below(40))) : answer('</think>'.repeat(below(3)), below(2) === 0 ? 'mine' : 'theirs');
    messages = [...messages.slice(0, keep), next];
    expect(facts.digestOfAll(messages)).toBe(sha256(messages.map((message) => digestOf(message)).join()));
    expect(facts.contentBytesOfAll(messages)).toBe(messages.reduce((sum, message) => sum + contentBytesOf(message), 0));
    expect(facts.opaqueBytesOfAll(messages)).toBe(messages.reduce((sum, message) => sum + opaqueBytesOf(message), 0));
    expect(count({ messages, tools: [] })).toBe(countInputBound({ messages: messages.map((one) => ({ ...one })), tools: [] }, 'mine'));
    expect(other({ messages, tools: [] })).toBe(countInputBound({ messages, tools: [] }));
  }
  expect(facts.digestOfAll([])).toBe(sha256(''));
});
