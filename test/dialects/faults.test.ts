/** Each fault that a dialect knows comes in that provider's shape, streamed or not, and is over after its times. */
import { afterEach, describe, expect, it } from 'vitest';
import { honestAnthropic } from './cases/anthropic.ts';
import { type Draft, draftOf, type Honest } from './cases/case.ts';
import { honestChat } from './cases/chat.ts';
import { honestGemini } from './cases/gemini.ts';
import { honestResponses } from './cases/responses.ts';
import { DIALECTS } from './dialects.ts';
import { faultApplies, faultsOf } from './faults.ts';
import { at, isObject, parse } from './json.ts';
import {
  bodyAt,
  type DialectName,
  type DialectServer,
  type Fault,
  type FaultName,
  type Recorded,
  startDialect,
  type TurnCall,
} from './server.ts';

const CALLS: readonly TurnCall[] = ['a.txt', 'b.txt'].map((path) => ({ name: 'write_file', arguments: { path, text: 'some words' } }));
const NAMES = Object.keys(DIALECTS) as DialectName[];

let server: DialectServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

function honestOf(name: DialectName, running: DialectServer): Honest {
  if (name === 'anthropic') return honestAnthropic(name, running);
  if (name === 'gemini') return honestGemini(name, running);
  if (name === 'openai-responses') return honestResponses(name, running);
  return honestChat(name, running);
}

function draft(name: DialectName, running: DialectServer, streamed: boolean): Draft {
  const honest = honestOf(name, running);
  if (name === 'gemini' && streamed) return draftOf(honest, [['@path', `/v1beta/models/${running.model}:streamGenerateContent?alt=sse`]]);
  return draftOf(honest, streamed ? [['stream', true]] : []);
}

interface Got {
  readonly status: number;
  readonly headers: Headers | undefined;
  readonly text: string;
  /** The connection ended or fell silent before the body did. */
  readonly broken: boolean;
}

async function ask(name: DialectName, running: DialectServer, streamed: boolean, limitMs = 10_000): Promise<Got> {
  const one = draft(name, running, streamed);
  const limit = AbortSignal.timeout(limitMs);
  let [status, text]: [number, string] = [0, ''];
  let headers: Headers | undefined;
  try {
    const answer = await fetch(`${running.origin}${one.path}`, { method: one.method, headers: one.headers, body: one.text, signal: limit });
    ({ status, headers } = answer);
    for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString('latin1');
    return { status, headers, text, broken: false };
  } catch {
    return { status, headers, text, broken: true };
  }
}

const FIXED: readonly FaultName[] = [
  'unauthorized',
  'payment',
  'forbidden',
  'not-found',
  'rate-limited-header',
  'rate-limited-body',
  'overloaded',
  'server-error',
  'context-exceeded',
];
const BROKEN: readonly FaultName[] = ['cut-half', 'stall', 'slow-first-byte'];

describe.each(NAMES)('%s', (name) => {
  it.each(faultsOf(DIALECTS[name]).flatMap((fault) => [false, true].map((streamed) => ({ fault, streamed }))))(
    '$fault (streamed: $streamed)',
    async ({ fault, streamed }) => {
      server = await startDialect(name, { turns: [{ calls: CALLS, fault: { name: fault } }, { text: 'Well again.' }] });
      const got = await ask(name, server, streamed, BROKEN.includes(fault) ? 150 : undefined);
      expect(server.requests[0]).toMatchObject({ fault });
      expect(server.requests[0]?.rule).toBeUndefined();
      if (BROKEN.includes(fault)) expect(got.broken).toBe(true);
      else expect(got.broken).toBe(false);
      if (FIXED.includes(fault)) {
        expect(got.status).toBeGreaterThanOrEqual(400);
        expect(isObject(parse(got.text))).toBe(true);
        expect(server.requests[0]).toMatchObject({ status: got.status, billed: { input: 0, output: 0 } });
      }
      if (fault === 'html-error') expect([got.status, got.text.startsWith('<!DOCTYPE html>')]).toEqual([502, true]);
      if (fault === 'rate-limited-header') expect(got.headers?.get('retry-after')).toBe('2');
      if (fault === 'rate-limited-body') expect(got.text).toMatch(/again in 20s|after 20 seconds|"retryDelay":"15s"/);
      if (fault === 'error-in-200') expect([got.status, isObject(at(parse(got.text), 'error'))]).toEqual([200, true]);
      if (fault === 'stream-although-false' || (streamed && fault === 'length'))
        expect(got.headers?.get('content-type')).toContain('text/event-stream');
      if (fault === 'json-although-stream') expect(isObject(parse(got.text))).toBe(true);
      if (fault === 'bad-tool-name') expect(got.text).toContain('write_file<|channel|>commentary');
      if (fault === 'no-usage') expect(got.text).not.toMatch(/"(prompt_tokens|input_tokens|promptTokenCount|output_tokens)"/);
      if (fault === 'error-in-stream' && streamed) expect(got.text).toMatch(/"error"|"type":"error"/);
      const next = await ask(name, server, false);
      expect(next.text).toContain('Well again.');
    },
  );
});

it('a fault fails as many requests as it says, and the next turn follows', async () => {
  server = await startDialect('groq', { turns: [{ text: 'one', fault: { name: 'overloaded', times: 2 } }, { text: 'two' }] });
  const texts = [];
  for (let nth = 0; nth < 3; nth += 1) texts.push((await ask('groq', server, false)).status);
  expect(texts).toEqual([503, 503, 200]);
  const log: readonly Recorded[] = server.requests;
  expect(log.map((one) => one.billed.output > 0)).toEqual([false, false, true]);
  expect(bodyAt(log[0], 'messages', 1, 'role')).toBe('user');
});

it('a dialect does not imitate a fault that its provider does not know', async () => {
  const fault: Fault = { name: 'tool-use-failed' };
  expect(faultApplies(DIALECTS.mistral, fault.name)).toBe(false);
  server = await startDialect('mistral', { turns: [{ fault }] });
  expect((await ask('mistral', server, false)).status).toBe(418);
});

it('a request beyond the last turn is told so', async () => {
  server = await startDialect('vllm', { turns: [] });
  expect((await ask('vllm', server, false)).status).toBe(418);
  expect(server.requests[0]?.rule).toBe('vllm/no-turn');
});
