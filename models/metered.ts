/** The model door: reserve the worst case, journal the call, call, settle what it cost, audit. No other way leads to a model. */
import { z } from 'zod';
import type { AuditEntry } from '../domain/audit.ts';
import { type Account, type Amounts, type Price, type Refusal, ZERO } from '../domain/budget.ts';
import { ProviderError, StopError, toError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import { faultOf } from '../domain/faults.ts';
import { digestOf } from '../domain/ids.ts';
import type {
  Audit,
  ChatAnswer,
  ChatMessage,
  ChatModel,
  ChatRequest,
  Clock,
  EffectId,
  Effects,
  Fence,
  TranscriptRow,
} from '../domain/ports.ts';
import type { Role } from '../domain/roles.ts';
import { rowOf } from '../domain/transcript.ts';
import { askedOf, requestHashOf } from './asked.ts';
import { type Believed, believed } from './believed.ts';
import { type Bound, boundOf, leastOf, leastOutputOf } from './bound.ts';
import { createFacts, type Facts } from './facts.ts';
import { type BookedAnswer, type Counted, type Recorded, readRecorded, recordAnswer } from './recorded.ts';
import { actualOf, exceeds, payableOutput, reservationOf } from './reserve.ts';
import { finalError, waitBeforeRetry } from './retry.ts';

export interface ModelAsk {
  readonly fence: Fence;
  readonly threadId: string;
  readonly stage: string;
  readonly attempt: number;
  /** `lead`, a sub-agent's id, or `-`. */
  readonly agent: string;
  readonly role: Role;
  /** The head of the transcript that the request was built from. */
  readonly parent: string | null;
  readonly ordinal: number;
  /** The agent's last model call, from whose journal row the count goes on; none: nothing is known of the request. */
  readonly previous?: { readonly parent: string | null; readonly ordinal: number } | null;
  /** From 1, per agent and attempt; a retry keeps it. */
  readonly call: number;
  readonly model: ChatModel;
  readonly price: Price;
  readonly request: Omit<ChatRequest, 'headers'>;
  /** All of them are asked; one refusal refuses the call. */
  readonly accounts: readonly Account[];
  readonly signal: AbortSignal;
}

type AnswerRow = TranscriptRow<ChatMessage>;

export type ModelAnswer =
  | { readonly kind: 'answer'; readonly answer: ChatAnswer; readonly row: AnswerRow; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a request's bound is made from. */
export type Asked = Pick<ModelAsk, 'threadId' | 'stage' | 'attempt' | 'agent' | 'model' | 'request' | 'previous'>;

export interface ModelDoor {
  /** The very number that `ask` reserves for the input of this request. */
  bound(ask: Asked): Promise<Bound>;
  /**
   * @throws StopError `PROVIDER_UNAVAILABLE` (resumable) after the last try, `PROVIDER_REFUSED`, `SCRIPT_MISS`; the signal's
   * reason when aborted; FencedError when the lease is lost.
   */
  ask(ask: ModelAsk): Promise<ModelAnswer>;
}

export interface ModelDoorOptions {
  readonly effects: Effects;
  readonly audit: Audit;
  readonly clock: Clock;
  /** From 0 up to 1, for the jitter of waits. */
  readonly random: () => number;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Hears the text of an answer as it comes; for display alone. */
  readonly onText?: (ask: Pick<ModelAsk, 'threadId' | 'role' | 'agent' | 'call'>, piece: string) => void;
}

type Opened =
  | { readonly kind: 'go'; readonly request: ChatRequest; readonly reserved: Amounts; readonly previous: Recorded | undefined }
  | { readonly kind: 'closed'; readonly result: ModelAnswer };

/** One account can refuse for money and then for tokens; the run's and the agent's make four. */
const MAX_LOWERINGS = 4;

/** The door with what it knows of the messages that come again with every call. */
type Door = ModelDoorOptions & { readonly facts: Facts };

export function createModelDoor(options: ModelDoorOptions): ModelDoor {
  const door: Door = { ...options, facts: createFacts() };
  return {
    bound: async (ask) => boundOf(ask.model, ask.request, await previousOf(door, ask), door.facts),
    ask: async (ask) => {
      const effect = effectOf(door, ask);
      for (let tries = 1; ; tries++) {
        ask.signal.throwIfAborted();
        const opened = await open(door, ask, effect);
        if (opened.kind === 'closed') return opened.result;
        const fault = await attempt(door, ask, effect, opened, tries);
        if (!(fault instanceof ProviderError)) return fault;
        const final = finalError(fault, tries, ask.model.model);
        if (final !== undefined) throw final;
        await options.sleep(waitBeforeRetry(fault, tries, options.random), ask.signal);
      }
    },
  };
}

function keyOf({ threadId, stage, attempt, agent }: Asked, { parent, ordinal }: NonNullable<ModelAsk['previous']>): string {
  return digestOf({ thread: threadId, stage, attempt, agent, parent, ordinal, kind: 'model' });
}

function effectOf({ facts }: Door, ask: ModelAsk): EffectId {
  const { stage, attempt, agent, role } = ask;
  // The request as asked, not with a lowered limit: a replay under another remainder is the same request.
  return { key: keyOf(ask, ask), kind: 'model', stage, attempt, agent, role, requestHash: requestHashOf(ask.request, facts) };
}

/** What the journal holds of the agent's last model call. */
async function previousOf({ effects }: ModelDoorOptions, ask: Asked): Promise<Recorded | undefined> {
  if (ask.previous === undefined || ask.previous === null) return undefined;
  const key = keyOf(ask, ask.previous);
  const found = await effects.peek(key);
  return found?.state === 'done' ? readRecorded(found.result ?? '', key) : undefined;
}

/** Reserves the worst case, with a lower output limit where only that can be paid. */
async function open(options: Door, ask: ModelAsk, effect: EffectId): Promise<Opened> {
  const headers = {
    'x-governor-thread': ask.threadId,
    'x-governor-role': ask.role,
    'x-governor-agent': ask.agent,
    'x-governor-attempt': String(ask.attempt),
    'x-governor-call': String(ask.call),
  };
  let request: ChatRequest = { ...ask.request, headers };
  const previous = await previousOf(options, ask);
  const { tokens: inputTokens, how } = boundOf(ask.model, ask.request, previous, options.facts);
  for (let lowered = 0; ; lowered++) {
    const reserved = reservationOf(ask.price, inputTokens, request.maxOutputTokens);
    const started = await options.effects.start(ask.fence, effect, {
      reserve: { accounts: ask.accounts, amounts: reserved, model: ask.model.model, price: ask.price },
      audit: entryOf(ask, 'model-call', {
        call: ask.call,
        model: ask.model.model,
        provider: ask.model.provider,
        canned: ask.model.provider === 'script',
        reserved,
        counted: how,
      }),
    });
    switch (started.kind) {
      case 'go':
      case 'interrupted':
        return { kind: 'go', request, reserved, previous };
      case 'done': {
        const { answer } = readRecorded(started.result, effect.key);
        return { kind: 'closed', result: { kind: 'answer', answer, row: rowFor(ask, answer), replayed: true } };
      }
      case 'refused': {
        const payable = payableOutput(started.refusal, ask.price, inputTokens, request.maxOutputTokens);
        if (payable === undefined || lowered === MAX_LOWERINGS) return { kind: 'closed', result: started };
        const facts = {
          call: ask.call,
          cap: started.refusal.cap,
          account: started.refusal.account,
          from: request.maxOutputTokens,
          to: payable,
        };
        await options.audit.append(entryOf(ask, 'output-limit-lowered', facts));
        request = { ...request, maxOutputTokens: payable };
        break;
      }
      default:
        return started satisfies never;
    }
  }
}

/** One request. A fault that may be tried again, or not, is returned after its reservation is settled. */
async function attempt(
  options: Door,
  ask: ModelAsk,
  effect: EffectId,
  { request, reserved, previous }: Extract<Opened, { kind: 'go' }>,
  tries: number,
): Promise<ModelAnswer | ProviderError> {
  const since = options.clock.monotonic();
  const durationMs = (): number => Math.round(options.clock.monotonic() - since);
  let answer: ChatAnswer;
  try {
    failpoint(`model:${ask.role}:before`);
    answer = await ask.model.complete(request, ask.signal, (piece) => options.onText?.(ask, piece));
    failpoint(`model:${ask.role}:after`);
  } catch (thrown) {
    const error = toError(thrown);
    const unbilled = error instanceof StopError || (error instanceof ProviderError && !faultOf(error.fault).billed);
    const booked = unbilled && !ask.signal.aborted ? ZERO : reserved;
    const audit = [
      entryOf(ask, 'model-error', {
        call: ask.call,
        model: ask.model.model,
        tries,
        aborted: ask.signal.aborted,
        durationMs: durationMs(),
        booked,
        message: error.message.slice(0, 500),
        ...(error instanceof ProviderError ? { fault: error.fault } : {}),
        ...(error instanceof ProviderError && error.status !== undefined ? { status: error.status } : {}),
      }),
    ];
    const settled = options.effects.fail(ask.fence, effect.key, { actual: booked, audit });
    if (ask.signal.aborted) {
      // The abort may come from a lost lease; what is left unsettled, the next start books as spent: the same amount.
      await settled.catch(() => undefined);
      throw ask.signal.reason;
    }
    await settled;
    if (error instanceof ProviderError) return error;
    throw error;
  }
  const { usage, lies, counted } = judge(options, ask, answer, { reserved, previous });
  const booked: BookedAnswer = {
    text: answer.text,
    toolCalls: answer.toolCalls.map(({ id, name, arguments: text }) => ({ id, name, arguments: text })),
    usage,
    finish: answer.finish,
    ...(answer.opaque === undefined ? {} : { opaque: { origin: answer.opaque.origin, content: z.json().parse(answer.opaque.content) } }),
    canned: answer.canned,
  };
  const actual = actualOf(ask.price, usage);
  const row = rowFor(ask, booked);
  await options.effects.finish(ask.fence, effect.key, {
    result: recordAnswer(booked, counted),
    actual,
    rows: [row],
    audit: answerEntries(ask, booked, { actual, reserved, durationMs: durationMs(), reported: answer.usage, lies }),
  });
  return { kind: 'answer', answer: booked, row, replayed: false };
}

/** What is booked of a report, which lies are told now, and what the next count may stand on. */
function judge(
  { facts }: Door,
  ask: ModelAsk,
  answer: ChatAnswer,
  { reserved, previous }: { reserved: Amounts; previous: Recorded | undefined },
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

function rowFor(ask: ModelAsk, answer: BookedAnswer): AnswerRow {
  const { text, toolCalls, opaque } = answer;
  return rowOf(ask.parent, ask.agent, { role: 'assistant', content: text, toolCalls, ...(opaque === undefined ? {} : { opaque }) });
}

function answerEntries(
  ask: ModelAsk,
  answer: BookedAnswer,
  facts: { actual: Amounts; reserved: Amounts; durationMs: number; reported: ChatAnswer['usage']; lies: Believed['lies'] },
): AuditEntry[] {
  const { actual, reserved, durationMs, reported, lies } = facts;
  const told = entryOf(ask, 'model-answer', {
    call: ask.call,
    model: ask.model.model,
    usage: answer.usage,
    costMicroUsd: actual.costMicroUsd,
    durationMs,
    finish: answer.finish,
    tools: answer.toolCalls.slice(0, 20).map((call) => call.name.slice(0, 60)),
    canned: answer.canned,
  });
  const who = { call: ask.call, model: ask.model.model, reported };
  return [
    told,
    ...(exceeds(actual, reserved) ? [entryOf(ask, 'usage-above-reservation', { ...who, actual, reserved })] : []),
    // From here on this agent's requests are counted by their bytes, in this attempt.
    ...(lies.length > 0 ? [entryOf(ask, 'usage-distrusted', { ...who, lies, booked: answer.usage })] : []),
  ];
}

function entryOf(ask: ModelAsk, action: string, facts: Readonly<Record<string, unknown>>): AuditEntry {
  const actor = `agent:${ask.agent === '-' ? ask.role : ask.agent}`;
  return {
    threadId: ask.threadId,
    action,
    actor,
    stage: ask.stage,
    attempt: ask.attempt,
    facts: { role: ask.role, agent: ask.agent, ...facts },
  };
}
