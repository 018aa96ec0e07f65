/** What people say to an agent at work becomes rows before its next request: a journaled step, so that a replay asks the same. */
import { HEARD, isFor, speakerName, type Tell, tellText } from '../domain/told.ts';
import { rowOf } from '../domain/transcript.ts';
import { type AgentSpec, auditBase, type Standing } from './agent-spec.ts';
import { isUnanswered, keyAt } from './window.ts';

/** @param settled heads that a request may also have been made at: then what is asked is decided, and words come before the next one. */
export async function hearTold(
  spec: AgentSpec,
  from: Standing,
  { ordinal, settled }: { readonly ordinal: number; readonly settled: (head: string) => readonly string[] },
): Promise<Standing> {
  const { stores, facts, ...session } = spec.session;
  const said = await session.said();
  let at = from;
  while (said.tells.length > 0) {
    const recorded = await stores.effects.peek(keyAt(spec, at.head, ordinal, 'told'));
    if (recorded?.state === 'done' && recorded.result !== null) {
      at = { head: recorded.result, rows: await stores.transcripts.chain(facts.threadId, recorded.result) };
      continue;
    }
    const { rows } = at;
    const fresh = said.tells.filter(
      (tell) => !stands(rows, tell) && isFor(tell, { agent: speakerName(spec), attempt: spec.attempt }, said),
    );
    if (fresh.length === 0) break;
    for (const head of [at.head, ...settled(at.head)]) if (!(await isUnanswered(spec, head, ordinal))) return at;
    at = await hear(spec, at, ordinal, fresh);
  }
  return at;
}

const stands = (rows: Standing['rows'], tell: Tell): boolean =>
  rows.some(({ message }) => message.role === 'user' && message.content === tellText(tell));

/** The rows and the record that they were heard come in one transaction. */
async function hear(spec: AgentSpec, from: Standing, ordinal: number, tells: readonly Tell[]): Promise<Standing> {
  const { session, stage, attempt, agent, role } = spec;
  const rows = [];
  let head = from.head;
  for (const tell of tells) {
    const row = rowOf(head, agent, { role: 'user', content: tellText(tell) });
    rows.push(row);
    head = row.id;
  }
  const key = keyAt(spec, from.head, ordinal, 'told');
  const effect = { key, kind: 'told', stage, attempt, agent, role, requestHash: head } as const;
  await session.stores.effects.start(session.facts.fence, effect, {});
  await session.stores.effects.finish(session.facts.fence, key, {
    result: head,
    rows,
    audit: tells.map(({ id, by, number }) => ({
      ...auditBase(spec),
      actor: 'governor',
      action: HEARD,
      facts: { id, agent: speakerName(spec), call: ordinal, message: `${speakerName(spec)} heard message ${number} of ${by}` },
    })),
  });
  return { head, rows: [...from.rows, ...rows] };
}
