/** Last piece of the model door: what a call really cost is booked, its answer recorded, in one transaction. */
import { z } from 'zod';
import type { AuditEntry } from '../../domain/audit.ts';
import { type Amounts, ZERO } from '../../domain/budget.ts';
import { ProviderError, StopError } from '../../domain/errors.ts';
import { faultOf } from '../../domain/faults.ts';
import type { ChatAnswer } from '../../domain/ports.ts';
import { askedOf } from '../asked.ts';
import { type Believed, believed } from '../believed.ts';
import { leastOf, leastOutputOf } from '../bound.ts';
import { type BookedAnswer, type Counted, type Recorded, recordAnswer } from '../recorded.ts';
import { actualOf, exceeds } from '../reserve.ts';
import type { Told } from './ask-once.ts';
import { maskedAnswer } from './masked-answer.ts';
import type { Door, ModelAnswer, ModelAsk, ModelCall } from './model-ask.ts';
import { auditEntry, rowFor } from './records.ts';

/** A call that was asked: what was reserved for it, what it was counted from, and which try it is. */
export interface AskedCall extends ModelCall {
  readonly reserved: Amounts;
  readonly previous: Recorded | undefined;
  readonly tries: number;
}

/** Returns a fault of the endpoint, which may be tried again. @throws every other fault, the signal's reason when aborted. */
export function settle(door: Door, call: AskedCall, told: Told): Promise<ModelAnswer | ProviderError> {
  return told.kind === 'answered' ? settleAnswer(door, call, told) : settleFault(door, call, told);
}

async function settleFault(
  { effects }: Door,
  { ask, effect, reserved, tries }: AskedCall,
  { error, durationMs }: Extract<Told, { kind: 'failed' }>,
): Promise<ProviderError> {
  const unbilled = error instanceof StopError || (error instanceof ProviderError && !faultOf(error.fault).billed);
  const booked = unbilled && !ask.signal.aborted ? ZERO : reserved;
  const audit = [
    auditEntry(ask, 'model-error', {
      call: ask.call,
      model: ask.model.model,
      tries,
      aborted: ask.signal.aborted,
      durationMs,
      booked,
      message: error.message.slice(0, 500),
      ...(error instanceof ProviderError ? { fault: error.fault } : {}),
      ...(error instanceof ProviderError && error.status !== undefined ? { status: error.status } : {}),
    }),
  ];
  const settled = effects.fail(ask.fence, effect.key, { actual: booked, audit });
  if (ask.signal.aborted) {
    // The abort may come from a lost lease; what is left unsettled, the next start books as spent: the same amount.
    await settled.catch(() => undefined);
    throw ask.signal.reason;
  }
  await settled;
  if (error instanceof ProviderError) return error;
  throw error;
}

async function settleAnswer(
  door: Door,
  call: AskedCall,
  { answer, durationMs }: Extract<Told, { kind: 'answered' }>,
): Promise<ModelAnswer> {
  const { ask, effect, reserved } = call;
  const { usage, lies, counted } = judge(door, call, answer);
  const { text, toolCalls, opaque, finish, canned } = maskedAnswer(answer, door.maskKnown);
  const booked: BookedAnswer = {
    text,
    toolCalls: toolCalls.map(({ id, name, arguments: given }) => ({ id, name, arguments: given })),
    usage,
    finish,
    ...(opaque === undefined ? {} : { opaque: { origin: opaque.origin, content: z.json().parse(opaque.content) } }),
    canned,
  };
  const actual = actualOf(ask.price, usage);
  const row = rowFor(ask, booked);
  await door.effects.finish(ask.fence, effect.key, {
    result: recordAnswer(booked, counted),
    actual,
    rows: [row],
    repeatable: true,
    audit: answerEntries(ask, booked, { row: row.id, actual, reserved, durationMs, reported: answer.usage, lies }),
  });
  return { kind: 'answer', answer: booked, row, replayed: false };
}

/** What is booked of a report, which lies are told now, and what the next count may stand on. */
function judge(
  { facts }: Door,
  { ask, reserved, previous }: AskedCall,
  answer: ChatAnswer,
): { usage: BookedAnswer['usage']; lies: Believed['lies']; counted: Counted } {
  const least = leastOf(ask.model, ask.request, previous, facts);
  const { usage, lies } = believed(answer.usage, ask.price, { reserved, least: { input: least.tokens, output: leastOutputOf(answer) } });
  const before = previous?.counted?.believed ?? true;
  const isReported = !lies.some((lie) => lie.of !== 'output') && usage.inputTokens <= ask.model.countInput(ask.request);
  return {
    usage,
    lies: before ? lies : [],
    counted: {
      asked: askedOf(ask.model, ask.request, facts),
      // More than a true upper bound: then the report that the bound was made from was too low.
      believed: before && lies.length === 0 && usage.inputTokens <= reserved.inputTokens,
      usual: isReported && least.usual(usage.inputTokens),
      leastInputTokens: isReported ? usage.inputTokens : least.tokens,
    },
  };
}

function answerEntries(
  ask: ModelAsk,
  answer: BookedAnswer,
  facts: { row: string; actual: Amounts; reserved: Amounts; durationMs: number; reported: ChatAnswer['usage']; lies: Believed['lies'] },
): AuditEntry[] {
  const { row, actual, reserved, durationMs, reported, lies } = facts;
  const told = auditEntry(ask, 'model-answer', {
    call: ask.call,
    model: ask.model.model,
    usage: answer.usage,
    costMicroUsd: actual.costMicroUsd,
    durationMs,
    finish: answer.finish,
    tools: answer.toolCalls.slice(0, 20).map((call) => call.name.slice(0, 60)),
    canned: answer.canned,
    row,
  });
  const who = { call: ask.call, model: ask.model.model, reported };
  return [
    told,
    ...(exceeds(actual, reserved) ? [auditEntry(ask, 'usage-above-reservation', { ...who, actual, reserved })] : []),
    // From here on this agent's requests are counted by their bytes, in this attempt.
    ...(lies.length > 0 ? [auditEntry(ask, 'usage-distrusted', { ...who, lies, booked: answer.usage })] : []),
  ];
}
