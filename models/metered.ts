/** THE MODEL DOOR: count > reserve > ask > settle. No other way leads to a model. */
import { ProviderError } from '../domain/errors.ts';
import type { Bound } from './bound.ts';
import { askOnce } from './door/ask-once.ts';
import { count, effectOf, recordedIn } from './door/count.ts';
import type { Asked, Door, ModelAnswer, ModelAsk, ModelDoorOptions } from './door/model-ask.ts';
import { reserve } from './door/reserve.ts';
import { settle } from './door/settle.ts';
import { createFacts } from './facts.ts';
import { finalError, waitBeforeRetry } from './retry.ts';

export interface ModelDoor {
  /** The very number that `ask` reserves for the input of this request. */
  bound(ask: Asked): Promise<Bound>;
  /**
   * @throws StopError `PROVIDER_UNAVAILABLE` (resumable) after the last try, `PROVIDER_REFUSED`, `SCRIPT_MISS`; the signal's
   * reason when aborted; FencedError when the lease is lost.
   */
  ask(ask: ModelAsk): Promise<ModelAnswer>;
}

export function createModelDoor(options: ModelDoorOptions): ModelDoor {
  const door: Door = { ...options, facts: createFacts(), recorded: recordedIn(options.effects) };
  return {
    bound: async (ask) => (await count(door, ask)).bound,
    ask: async (ask) => {
      const call = { ask, effect: effectOf(door, ask) };
      for (let tries = 1; ; tries++) {
        ask.signal.throwIfAborted();
        const counted = await count(door, ask);
        const reserved = await reserve(door, call, counted);
        if (reserved.kind === 'closed') return reserved.result;
        const told = await askOnce(door, ask, reserved.request);
        const settled = await settle(door, { ...call, reserved: reserved.amounts, previous: counted.previous, tries }, told);
        if (!(settled instanceof ProviderError)) return settled;
        const final = finalError(settled, tries, ask.model.model);
        if (final !== undefined) throw final;
        await options.sleep(waitBeforeRetry(settled, tries, options.random), ask.signal);
      }
    },
  };
}
