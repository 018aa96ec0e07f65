/** What people brought with a resume (`resumes.json` in the dossier): who may, for whom it is, and the record of it. */
import { randomUUID } from 'node:crypto';
import { UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import { hasWords, type Resume, type Words } from '../../domain/resume.ts';
import { askedRole, ROLE_TABLE } from '../../domain/roles.ts';
import type { Session } from '../../nodes/session.ts';
import type { Stop } from '../../nodes/state.ts';
import { said } from '../decide/typed-text.ts';
import type { Runtime } from '../runtime.ts';
import { reparse } from '../start/config-file.ts';
import { modelsOf, readRequest } from './open-session.ts';
import { resumeList } from './resume-list.ts';

const MAX_WORDS_BYTES = 2048;
const MAX_MODEL_BYTES = 200;
const AFTER_REVIEW: ReadonlySet<string> = new Set(['REVIEW_EXHAUSTED', 'NO_PROGRESS']);

/** Refused here, before anything is recorded or paid. @throws UsageError also for a model without a price or that is not allowed. */
export async function assertWords(runtime: Runtime, row: RunRow, words: Words): Promise<void> {
  const { person } = runtime;
  said('--comment', words.comment, MAX_WORDS_BYTES);
  said('--model', words.model, MAX_MODEL_BYTES);
  if (row.status === 'waiting')
    throw new UsageError(
      `thread ${row.threadId}: waits at a gate; say it there: governor reject ${row.threadId.slice(0, 8)} --comment "..."`,
    );
  const needed = words.model === '' ? ['operator', 'approver', 'admin'] : ['operator'];
  if (!person.roles.some((role) => needed.includes(role)))
    throw new UsageError(
      `resume: role "${needed.join('" or "')}" is needed to bring words or a model; ${person.id} has ${person.roles.join(', ') || 'none'}`,
      'APPROVER_NOT_ALLOWED',
    );
  const reviewed = row.stage.startsWith('review') && AFTER_REVIEW.has(row.reason?.code ?? '');
  const roles = [askedRole(row.stage), ...(reviewed ? ['lead' as const] : [])].filter((role) => role !== undefined);
  if (roles.length === 0)
    throw new UsageError(
      `thread ${row.threadId}: rests in stage ${row.stage}, where no agent is asked; resume it without --comment and --model`,
    );
  if (words.model === '') return;
  const { request } = await readRequest(runtime, row);
  const models = modelsOf(runtime, request, reparse(request.config));
  for (const role of roles) await models.forRole(role, false, words.model);
}

/** Records that the thread goes on, for the agent that stopped; without a stop, for the one that is asked next in this stage. */
export async function recordResume(
  runtime: Runtime,
  session: Session,
  at: { stage: string; stop: Stop | null },
  words: Words,
): Promise<void> {
  const resume: Resume = {
    id: randomUUID(),
    by: runtime.person.id,
    at: new Date(runtime.clock.now()).toISOString(),
    code: at.stop?.code ?? 'CANCELLED',
    ...(await addressee(runtime, session.facts.threadId, at)),
    comment: session.doors.redact(words.comment),
    model: words.model,
  };
  await resumeList.add(runtime, session.facts.threadId, resume);
  session.facts.resumes.push(resume);
}

type Addressee = Pick<Resume, 'stage' | 'attempt' | 'role' | 'agent' | 'head'>;

async function addressee(runtime: Runtime, threadId: string, { stage, stop }: { stage: string; stop: Stop | null }): Promise<Addressee> {
  const facts = stop?.facts ?? {};
  const { head = facts['unanswered'], reviewed, attempt } = facts;
  if (typeof reviewed === 'number') return { stage, attempt: reviewed, role: 'lead', agent: 'lead', head: '' };
  const role = askedRole(stage) ?? 'lead';
  const agent = ROLE_TABLE[role].agent ?? '-';
  const own = facts['agent'] === agent && typeof attempt === 'number';
  return {
    stage,
    attempt: own ? attempt : await attemptUnderWay(runtime, threadId, stage, `agent:${agent === '-' ? role : agent}`),
    role,
    agent,
    head: own && typeof head === 'string' ? head : '',
  };
}

/** The attempt that its last call belongs to, or the next one where that has ended or there was none. */
async function attemptUnderWay(runtime: Runtime, threadId: string, stage: string, actor: string): Promise<number> {
  const records = (await runtime.stores.audit.read({ threadId })).filter((record) => record.stage === stage);
  const last = records.findLast((record) => record.action === 'model-call' && record.actor === actor)?.attempt ?? 0;
  const over = records.some(({ action, attempt, facts }) => action === 'stage-end' && attempt === last && facts?.['made_by'] === actor);
  return over || last === 0 ? last + 1 : last;
}

/** A resume that must be recorded although a person said nothing: else the same answer would stop it again. */
export const goesOnAfterAnswer = (stop: Stop, words: Words): boolean => hasWords(words) || typeof stop.facts['head'] === 'string';
