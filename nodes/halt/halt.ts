/** The end of every run that does not release: one reason, recorded. */

import { governorNode } from '../governor-node.ts';
import type { FindSession } from '../session.ts';
import { note, type State, type Stop } from '../state.ts';

type End = { readonly outcome: 'unchanged'; readonly stop: null } | { readonly outcome: 'stopped'; readonly stop: Stop };

/** Why the run is here. Who chose no edge of `domain/stages.ts` strayed here, whatever else state says: a defect, told by the name. */
export function endOf(state: Pick<State, 'stop' | 'outcome' | 'route'>): End {
  if (state.stop !== null) return { outcome: 'stopped', stop: state.stop };
  if (state.outcome === 'unchanged' && state.route === 'halt') return { outcome: 'unchanged', stop: null };
  const message = `no edge is named ${JSON.stringify(state.route)}`;
  return { outcome: 'stopped', stop: { code: 'INTERNAL', message, stage: 'halt', evidence: [], facts: {} } };
}

/** The `halt` node. */
export const haltNode = (find: FindSession) =>
  governorNode(find, 'halt', async (session, state) => {
    const { outcome, stop } = endOf(state);
    await session.stores.audit.append({
      threadId: session.facts.threadId,
      actor: 'governor',
      action: 'run-halt',
      stage: stop?.stage ?? 'halt',
      ...(stop === null ? {} : { code: stop.code }),
      facts: { outcome, message: stop?.message.slice(0, 1000) ?? '' },
    });
    return { outcome, stop, notes: note('halt', 1, stop === null ? 'unchanged' : `${stop.code}: ${stop.message}`) };
  });
