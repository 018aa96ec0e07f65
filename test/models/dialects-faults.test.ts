/** Every fault that an imitation can play, on every dialect where it can happen: what it is read as, and that the next request goes on. */
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultName as Ours } from '../../domain/faults.ts';
import { DIALECTS } from '../dialects/dialects.ts';
import { faultsOf } from '../dialects/faults.ts';
import { type DialectName, type DialectServer, type FaultName, startDialect, type Turn } from '../dialects/server.ts';
import { askOnce, DIALECT_NAMES, endOf, modelOf, opening } from './dialect-world.ts';

const open: DialectServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const CALL: Turn = { text: 'Now.', reasoning: 'Hm.', calls: [{ name: 'write_file', arguments: { path: 'a', content: 'b' } }] };

/** What each becomes; where it depends on the dialect, all that it may be. */
const ENDS: Readonly<Record<FaultName, { readonly fault?: readonly Ours[]; readonly finish?: readonly string[] }>> = {
  unauthorized: { fault: ['unauthorized'] },
  payment: { fault: ['no-credit', 'forbidden'] },
  forbidden: { fault: ['forbidden'] },
  'not-found': { fault: ['not-found'] },
  'rate-limited-header': { fault: ['rate-limited'] },
  'rate-limited-body': { fault: ['rate-limited'] },
  overloaded: { fault: ['overloaded', 'server-error'] },
  'server-error': { fault: ['server-error'] },
  'html-error': { fault: ['server-error'] },
  'tool-use-failed': { fault: ['malformed-call'] },
  'context-exceeded': { fault: ['too-long'] },
  'content-filter': { finish: ['refusal'] },
  'finish-error': { fault: ['interrupted'] },
  'error-in-200': { fault: ['no-credit', 'interrupted', 'overloaded', 'rate-limited'] },
  'error-in-stream': { fault: ['interrupted', 'rate-limited', 'overloaded'] },
  'stream-although-false': { finish: ['tool_calls'] },
  'json-although-stream': { finish: ['tool_calls'] },
  'arguments-object': { finish: ['tool_calls'] },
  'arguments-null': { finish: ['tool_calls'] },
  'bad-tool-name': { finish: ['tool_calls'] },
  'long-id': { finish: ['tool_calls'] },
  'duplicate-ids': { finish: ['tool_calls'] },
  'cut-half': { fault: ['cut'] },
  stall: { fault: ['silent'] },
  'slow-first-byte': { finish: ['tool_calls'] },
  'thinking-outside': { finish: ['tool_calls'] },
  'no-usage': { finish: ['tool_calls'] },
  'empty-answer': { finish: ['stop'] },
  length: { finish: ['length'] },
  refusal: { finish: ['refusal', 'stop'] },
};

const cases = (stream: boolean) =>
  DIALECT_NAMES.flatMap((name) =>
    faultsOf(DIALECTS[name])
      .filter((fault) => fault !== (stream ? 'stream-although-false' : 'json-although-stream') && (stream || fault !== 'error-in-stream'))
      .map((fault): [DialectName, FaultName] => [name, fault]),
  );

describe.each([
  ['streamed', true],
  ['not streamed', false],
])('%s', (_title, stream) => {
  it.each(cases(stream))('%s, %s', async (name, fault) => {
    const server = await startDialect(name, { turns: [{ ...CALL, fault: { name: fault, delayMs: 300 } }, CALL] });
    open.push(server);
    const model = await modelOf(name, server, { stream, timeout: 600 });
    const end = await endOf(model);
    const wanted = ENDS[fault];
    expect(server.requests[0]?.rule).toBeUndefined();
    expect({ fault: end.fault, finish: end.finish, of: [wanted.fault, wanted.finish] }).toEqual({
      fault: wanted.fault?.find((one) => one === end.fault),
      finish: wanted.finish?.find((one) => one === end.finish),
      of: [wanted.fault, wanted.finish],
    });
    if (fault.startsWith('rate-limited')) expect(end.waitMs).toBeGreaterThan(0);
    if (end.finish === 'tool_calls') {
      const [call] = end.answer?.toolCalls ?? [];
      expect(call?.name).toBe('write_file');
      expect(() => JSON.parse(call?.arguments || '{}')).not.toThrow();
      if (fault !== 'arguments-null') expect(JSON.parse(call?.arguments ?? '')).toEqual({ path: 'a', content: 'b' });
      expect(new Set(end.answer?.toolCalls.map((one) => one.id)).size).toBe(end.answer?.toolCalls.length);
    }
    const billed = server.requests[0]?.billed;
    if (fault === 'thinking-outside') expect(end.answer?.usage?.outputTokens).toBeGreaterThanOrEqual(billed?.output ?? Number.NaN);
    if (fault === 'no-usage') expect(end.answer?.usage?.outputTokens).toBeUndefined();
    // What was recorded of it is a history that the endpoint takes.
    const messages = opening();
    if (end.answer !== undefined && end.answer.toolCalls.length > 0 && fault !== 'length') {
      const { text: content, toolCalls, opaque } = end.answer;
      messages.push({ role: 'assistant', content, toolCalls, ...(opaque === undefined ? {} : { opaque }) });
      for (const call of toolCalls) messages.push({ role: 'tool', toolCallId: call.id, toolName: call.name, content: 'done' });
    }
    const next = await askOnce(model, messages, 2).catch((error: unknown) => {
      throw new Error(`${String(error)} ${server.requests.at(-1)?.rule ?? ''}`, { cause: error });
    });
    expect(next.finish).toBe('tool_calls');
  });
});
