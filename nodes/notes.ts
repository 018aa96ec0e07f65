/** What an agent is told beside the results of its calls: people's words at a resume, the switch to lean, another model. Each is a row. */
import { usedShare } from '../domain/budget.ts';
import type { StopError } from '../domain/errors.ts';
import type { TranscriptRow } from '../domain/ports.ts';
import { isSaid, type Resume, resumeText } from '../domain/resume.ts';
import { rowOf } from '../domain/transcript.ts';
import { type AgentSpec, append, auditBase, type Standing } from './agent-spec.ts';
import { type RoleModel, runAccount, type Session } from './session.ts';
import { hearTold } from './told.ts';
import { isAnswered, isSettled, keyAt } from './window.ts';

export const LEAN_MARK = 'The run is now lean:';

/** Before a request: what people said, at a resume and since, and the switch to lean when a limit is nearly used up. */
export async function hearNotes(spec: AgentSpec, from: Standing, ordinal: number): Promise<Standing> {
  const settled = (head: string) => [leanRow(spec, head).id];
  const heard = await hearTold(spec, await hear(spec, from, ordinal), { ordinal, settled });
  const lean = leanRow(spec, heard.head);
  if (isLean(heard.rows) || !(await shouldGoLean(spec, heard.head, lean.id, ordinal))) return heard;
  await spec.session.stores.transcripts.append(spec.session.facts.fence, [lean]);
  await spec.session.stores.audit.append({
    ...auditBase(spec),
    actor: 'governor',
    action: 'lean-start',
    facts: { role: spec.role, agent: spec.agent },
  });
  return hear(spec, { head: lean.id, rows: [...heard.rows, lean] }, ordinal);
}

const leanRow = (spec: AgentSpec, head: string): TranscriptRow =>
  rowOf(head, spec.agent, {
    role: 'user',
    content: `${LEAN_MARK} ${Math.round(spec.session.facts.limits.leanAt * 100)} % of a limit is used. Finish with the least work that meets the goal, by yourself.`,
  });

/** Is the run lean, as far as this agent was told? */
export async function isLeanAt(session: Session, head: string | null): Promise<boolean> {
  return head !== null && isLean(await session.stores.transcripts.chain(session.facts.threadId, head));
}

/** What a person says ends it: where a limit was the reason, it starts again by itself. */
export function isLean(rows: readonly TranscriptRow[]): boolean {
  const last = rows.findLast(
    ({ message }) => message.role === 'user' && (message.content.startsWith(LEAN_MARK) || isSaid(message.content)),
  );
  return last?.message.content.startsWith(LEAN_MARK) === true;
}

/** The resumes that are for this agent in this attempt. */
export const addressed = ({ session, stage, attempt, role, agent }: AgentSpec): Resume[] =>
  session.facts.resumes.filter((one) => one.stage === stage && one.attempt === attempt && one.role === role && one.agent === agent);

const textOf = (spec: AgentSpec, resume: Resume): string => resumeText(resume, spec.session.facts.resumes.indexOf(resume) + 1);
const heard = (spec: AgentSpec, rows: readonly TranscriptRow[], resume: Resume): boolean =>
  rows.some(({ message }) => message.role === 'user' && message.content === textOf(spec, resume));

/** What people said at a resume becomes a row where the agent stopped, or before the first request that was not yet answered. */
async function hear(spec: AgentSpec, from: Standing, ordinal: number): Promise<Standing> {
  let { head, rows } = from;
  for (const resume of addressed(spec)) {
    if (heard(spec, rows, resume)) continue;
    const isHere = resume.head === from.head || resume.head === head;
    if (resume.head === '' ? await wasAnswered(spec, { head, rows }, ordinal) : !isHere) continue;
    const row = await append(spec, head, { role: 'user', content: textOf(spec, resume) });
    [head, rows] = [row.id, [...rows, row]];
  }
  return { head, rows };
}

/** Has one of the role's models answered here, the first or one that the turn was passed on to? */
async function wasAnswered(spec: AgentSpec, { head, rows }: Standing, ordinal: number): Promise<boolean> {
  const chosen = await spec.session.doors.modelFor(spec.role, isLean(rows), modelSaid(spec, rows));
  let at = head;
  let from: Pick<RoleModel, 'model'> = chosen;
  for (const [index, to] of chosen.fallbacks.entries()) {
    if (await isAnswered(spec, at, ordinal)) return true;
    const row = passedOn(spec, at, { from, to, place: index + 1 });
    if (!wasPassedOn(rows, row)) at = row.id;
    from = to;
  }
  return isAnswered(spec, at, ordinal);
}

/** The model that a person named last, for this role, from where the agent heard of it on. */
export const modelSaid = (spec: AgentSpec, rows: readonly TranscriptRow[]): string | undefined =>
  spec.session.facts.resumes.findLast(
    (one) => one.model !== '' && one.role === spec.role && (one.attempt < spec.attempt || heard(spec, rows, one)),
  )?.model;

/** Lean is decided once per transcript, and never where a call of this step was already made: a replay must ask the same. */
async function shouldGoLean(spec: AgentSpec, head: string, leanHead: string, ordinal: number): Promise<boolean> {
  const { session } = spec;
  if (await isSettled(spec, leanHead, ordinal)) return true;
  const account = runAccount(session.facts.limits);
  const totals = await session.stores.ledger.totals(session.facts.threadId, account.id);
  const caps = Object.keys(totals.caps).length > 0 ? totals.caps : account.caps;
  if (usedShare(totals, caps).share < session.facts.limits.leanAt) return false;
  return !(await isSettled(spec, head, ordinal));
}

/**
 * The next model of a role's list answers for the rest of the attempt: a journaled step, so that after a crash the same model is asked
 * the same again. The row and its record come in one transaction.
 */
export async function passOn(
  spec: AgentSpec,
  at: Standing,
  { row, ordinal, why }: { row: TranscriptRow; ordinal: number; why: StopError },
): Promise<Standing> {
  const { session, stage, attempt, agent, role } = spec;
  const key = keyAt(spec, at.head, ordinal, 'fallback');
  const effect = { key, kind: 'fallback', stage, attempt, agent, role, requestHash: row.id } as const;
  const facts = { role, agent, why: why.code, message: why.message.slice(0, 500), told: row.message.content };
  await session.stores.effects.start(session.facts.fence, effect, {});
  await session.stores.effects.finish(session.facts.fence, key, {
    result: row.id,
    rows: [row],
    audit: [{ ...auditBase(spec), actor: 'governor', action: 'model-fallback', facts }],
  });
  return { head: row.id, rows: [...at.rows, row] };
}

/** Was the turn passed on at this head? Then the model that gave up there is not asked again. */
export async function isPassedOn(spec: AgentSpec, head: string, ordinal: number): Promise<boolean> {
  return (await spec.session.stores.effects.peek(keyAt(spec, head, ordinal, 'fallback')))?.state === 'done';
}

/** The row that says it, at a head. `place`: of `from` in its list, for the same model may stand there again, at another endpoint. */
export const passedOn = (
  spec: AgentSpec,
  head: string,
  { from, to, place }: { from: Pick<RoleModel, 'model'>; to: Pick<RoleModel, 'model'>; place: number },
): TranscriptRow =>
  rowOf(head, spec.agent, {
    role: 'user',
    content: `Model ${place} (${from.model.model}) does not answer. Model ${place + 1} (${to.model.model}) goes on from here.`,
  });

/** Was it said before? */
export const wasPassedOn = (rows: readonly TranscriptRow[], row: TranscriptRow): boolean =>
  rows.some(({ message }) => message.role === 'user' && message.content === row.message.content);
