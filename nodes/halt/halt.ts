/** The end of every run that does not release: one reason, recorded. */
import type { FindSession } from '../session.ts';
import { staged } from '../stage.ts';
import { note } from '../state.ts';

/** The `halt` node. */
export const haltNode = (find: FindSession) =>
  staged(find, 'halt', async (session, state) => {
    const outcome = state.stop === null && state.outcome === 'unchanged' ? 'unchanged' : 'stopped';
    const stop =
      outcome === 'unchanged'
        ? null
        : (state.stop ?? {
            code: 'INTERNAL' as const,
            message: `no edge is named ${JSON.stringify(state.route)}`,
            stage: 'halt' as const,
            evidence: [],
            facts: {},
          });
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
