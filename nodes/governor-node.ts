/** A node of the governor: where it stops, the flow goes to `halt`, or to the budget gate when a person may lift the stop. */
import { REASONS } from '../domain/reasons.ts';
import { isAskable, type Stage } from '../domain/stages.ts';
import { nodeDoor } from './node-door.ts';
import type { FindSession, NodeConfig, Session } from './session.ts';
import type { Routed, State, Stop, Update } from './state.ts';

/** What the node of each stage does; it ends with one of the stage's own edges. */
type Work = { readonly [Name in Stage]: (session: Session, state: State, config: NodeConfig) => Promise<Routed<Name>> };

/**
 * The node of a stage, behind the node door.
 * @example
 * ```ts
 * export const weighNode = (find: FindSession) =>
 *   governorNode(find, 'weigh', async (session, state) => {
 *     const done = await runStage(session, { ... }); // once for these inputs; its file before its checkpoint
 *     return { weight: done.ref, route: done.body.heavy ? 'approve_plan' : 'build' }; // edges of the stage's row in `domain/stages.ts`
 *   });
 * ```
 */
export function governorNode<Name extends Stage>(
  find: FindSession,
  stage: Name,
  run: Work[Name],
): (state: State, config: NodeConfig) => Promise<Update> {
  return nodeDoor<Session, State, Update>(find, { stage, name: stage, run, stopped });
}

async function stopped(session: Session, stop: Stop): Promise<Update> {
  const { stage, code, message, facts } = stop;
  await session.stores.audit.append({
    threadId: session.facts.threadId,
    actor: 'governor',
    action: 'stage-error',
    stage,
    code,
    facts: { message: message.slice(0, 1000), ...facts },
  });
  const ask = isAskable(stage, code) && session.facts.limits.onExhausted === 'ask' && REASONS[code].resumable;
  return { stop, route: ask ? 'approve_budget' : 'halt' };
}
