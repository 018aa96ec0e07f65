/**
 * Which of a role's models answers: when one does not after all its tries, the next one does, for the rest of the agent's attempt. The
 * change is journaled before the other model is asked, so that after a crash the same model is asked the same again.
 */
import type { Price } from '../domain/budget.ts';
import { StopError } from '../domain/errors.ts';
import { digestOf } from '../domain/ids.ts';
import type { ChatModel, Effects, Fence } from '../domain/ports.ts';
import type { ModelAsk } from './metered.ts';

/** A model with its price. */
export interface Priced {
  readonly model: ChatModel;
  readonly price: Price;
}

/** Whose attempt it is. */
export type Whose = Pick<ModelAsk, 'threadId' | 'stage' | 'attempt' | 'agent' | 'role'> & { readonly fence: Fence };

/** Ends of a model that another one may mend. */
const MENDABLE: ReadonlySet<string> = new Set(['PROVIDER_UNAVAILABLE', 'PROVIDER_REFUSED']);

export interface Fallbacks {
  /** The models that are left for this agent's attempt; the first of them answers. */
  left(whose: Whose, models: readonly Priced[]): Promise<readonly Priced[]>;
  /** The rest of the models after the first gave up, on the record; `undefined` when none is left or another would not help. */
  next(whose: Whose, models: readonly Priced[], fault: unknown): Promise<readonly Priced[] | undefined>;
}

export function createFallbacks(effects: Effects): Fallbacks {
  const keyOf = (whose: Whose, from: ChatModel): string => {
    const { threadId, stage, attempt, agent } = whose;
    return digestOf({ thread: threadId, stage, attempt, agent, from: from.origin, kind: 'fallback' });
  };
  return {
    left: async (whose, models) => {
      let at = 0;
      for (; at + 1 < models.length; at += 1) {
        const [from] = models.slice(at);
        if (from === undefined || (await effects.peek(keyOf(whose, from.model)))?.state !== 'done') break;
      }
      return models.slice(at);
    },
    next: async (whose, models, fault) => {
      const [from, to] = models;
      if (from === undefined || to === undefined || !(fault instanceof StopError) || !MENDABLE.has(fault.code)) return undefined;
      const { fence, stage, attempt, agent, role } = whose;
      const key = keyOf(whose, from.model);
      const facts = { role, agent, from: from.model.model, to: to.model.model, why: fault.message.slice(0, 500) };
      await effects.start(fence, { key, kind: 'fallback', stage, attempt, agent, role, requestHash: digestOf(to.model.origin) }, {});
      await effects.finish(fence, key, {
        result: to.model.origin,
        audit: [{ threadId: whose.threadId, actor: 'governor', action: 'model-fallback', stage, attempt, code: fault.code, facts }],
      });
      return models.slice(1);
    },
  };
}
