/** What tests ask the model door: whole calls of an agent, of which a test names only what it is about, and models that do as it says. */
import { type Account, costOf, type Price } from '../../domain/budget.ts';
import { FencedError } from '../../domain/errors.ts';
import type { ChatAnswer, ChatModel, Fence } from '../../domain/ports.ts';
import { countInputBound } from '../../models/count.ts';
import type { ModelAsk, ModelDoorOptions } from '../../models/door/model-ask.ts';
import { createModelDoor, type ModelDoor } from '../../models/metered.ts';

export const PRICE: Price = {
  inputMicroUsdPerMillion: 1_000_000,
  cachedInputMicroUsdPerMillion: 100_000,
  outputMicroUsdPerMillion: 4_000_000,
};
export const RUN: Account = { id: 'run', caps: { costMicroUsd: 1_000_000, tokens: 1_000_000, modelCalls: 100 } };
export const REQUEST: ModelAsk['request'] = {
  messages: [
    { role: 'system', content: 'You build.' },
    { role: 'user', content: 'Goal: add a sum.' },
  ],
  tools: [],
  maxOutputTokens: 1000,
};
export const INPUT = countInputBound(REQUEST);
export const ANSWER: ChatAnswer = {
  text: 'ok',
  toolCalls: [],
  usage: { inputTokens: 40, outputTokens: 10 },
  finish: 'stop',
  canned: false,
};

/** A door that never waits, but for what is said. */
export function doorOver(
  stores: Pick<ModelDoorOptions, 'effects' | 'audit' | 'clock'>,
  more: Partial<Pick<ModelDoorOptions, 'random' | 'sleep' | 'listen'>> = {},
): ModelDoor {
  const { effects, audit, clock } = stores;
  return createModelDoor({ effects, audit, clock, random: () => 0.5, sleep: async () => undefined, maskKnown: (text) => text, ...more });
}

/** The lead's first call. */
export function askOf(fence: Fence, more: Partial<ModelAsk> = {}): ModelAsk {
  return {
    fence,
    threadId: fence.threadId,
    stage: 'build',
    attempt: 1,
    agent: 'lead',
    role: 'lead',
    parent: null,
    ordinal: 1,
    call: 1,
    model: fakeModel(async () => ANSWER),
    price: PRICE,
    request: REQUEST,
    accounts: [RUN],
    signal: new AbortController().signal,
    ...more,
  };
}

/** The calls of a sub-agent, each of which goes on from `parent`. */
export const workerCall = (agent: number, call: number, parent: string | null) =>
  ({ agent: `w1.${agent}`, role: 'worker', parent, ordinal: call, call }) as const;

/** A model that answers so, and counts as the real ones do. */
export function fakeModel(complete: ChatModel['complete'], more: Partial<ChatModel> = {}): ChatModel {
  return {
    provider: 'openai',
    model: 'test-model',
    origin: 'test',
    contextTokens: 100_000,
    timeoutMs: 1000,
    countInput: countInputBound,
    complete,
    ...more,
  };
}

/** The process died. */
export class Crash extends Error {}

/** Where the process of a case dies: at which request, before or after the server has answered it. */
export interface Death {
  at: number;
  readonly billed: boolean;
  requests: number;
}

/** Lets agents work in so many places at once, in order; true when the process died meanwhile. `work` asks whether it is dead. */
export async function inPlaces(
  agents: number,
  places: number,
  work: (agent: number, dead: () => boolean) => Promise<void>,
): Promise<boolean> {
  let dead = false;
  const queue = Array.from({ length: agents }, (_none, index) => index);
  const place = async (): Promise<void> => {
    for (let agent = queue.shift(); agent !== undefined && !dead; agent = queue.shift()) {
      try {
        await work(agent, () => dead);
      } catch (thrown) {
        if (thrown instanceof Crash) dead = true;
        // A provider that gives up, or the lease that was taken over, ends this agent alone.
        else if (!(thrown instanceof FencedError) && !(thrown instanceof Error && 'code' in thrown)) throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: places }, place));
  return dead;
}

/** The cost of a call at its worst. */
export const worstOf = (price: Price, inputTokens: number, outputTokens: number): number =>
  costOf(price, { inputTokens, outputTokens, cachedInputTokens: 0 });
