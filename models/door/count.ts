/** First piece of the model door: how many tokens a request can be at most, and which place it has in the journal. */
import { digestOf } from '../../domain/ids.ts';
import type { EffectId, Effects } from '../../domain/ports.ts';
import { requestHashOf } from '../asked.ts';
import { type Bound, boundOf } from '../bound.ts';
import { type Recorded, readRecorded } from '../recorded.ts';
import { once } from '../remembered.ts';
import type { Asked, Door, ModelAsk } from './model-ask.ts';

/** A true upper bound of a request's input, and the call before it that the bound was made from. */
export interface CountedRequest {
  readonly bound: Bound;
  readonly previous: Recorded | undefined;
}

export async function count({ recorded, facts }: Pick<Door, 'recorded' | 'facts'>, ask: Asked): Promise<CountedRequest> {
  const previous = ask.previous === undefined || ask.previous === null ? undefined : await recorded(keyOf(ask, ask.previous));
  return { bound: boundOf(ask.model, ask.request, previous, facts), previous };
}

export function effectOf({ facts }: Door, ask: ModelAsk): EffectId {
  const { stage, attempt, agent, role } = ask;
  // The request as asked, not with a lowered limit: a replay under another remainder is the same request.
  return { key: keyOf(ask, ask), kind: 'model', stage, attempt, agent, role, requestHash: requestHashOf(ask.request, facts) };
}

function keyOf({ threadId, stage, attempt, agent }: Asked, { parent, ordinal }: NonNullable<ModelAsk['previous']>): string {
  return digestOf({ thread: threadId, stage, attempt, agent, parent, ordinal, kind: 'model' });
}

/** What the journal holds of a model call that is done, by its key. */
export const recordedIn = (effects: Effects): Door['recorded'] =>
  once(async (key) => {
    const found = await effects.peek(key);
    return found?.state === 'done' ? readRecorded(found.result ?? '', key) : undefined;
  });
