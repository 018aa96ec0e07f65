/** A person's words for an agent at work: recorded for the process that drives the thread, heard before a next step; never consent. */
import { randomUUID } from 'node:crypto';
import { visible } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import { atWork, isAwaited, MAX_TOLD, MAX_TOLD_BYTES, MAX_UNHEARD, type Said, type Speaker, saidAfter, TOLD } from '../../domain/told.ts';
import { readRequest } from '../drive/open-session.ts';
import { redactorOf } from '../drive/redactor.ts';
import { readSaid } from '../drive/said.ts';
import type { TellOptions, ToldView } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { reparse } from '../start/config-file.ts';

const MAY_TELL: readonly string[] = ['operator', 'approver', 'admin'];

/** @throws UsageError where nobody will hear it: the run has ended, no such agent is at work; `APPROVER_NOT_ALLOWED`. */
export async function tell(runtime: Runtime, row: RunRow, { text, agent }: TellOptions): Promise<ToldView> {
  const { person, stores } = runtime;
  const { threadId } = row;
  await stores.audit.assertTail();
  assertGoesOn(row);
  if (!person.roles.some((role) => MAY_TELL.includes(role)))
    throw new UsageError(
      `tell: role "${MAY_TELL.join('" or "')}" is needed; ${person.id} has ${person.roles.join(', ') || 'none'}`,
      'APPROVER_NOT_ALLOWED',
    );
  const message = await written(runtime, row, text);
  const said = await readSaid(stores.audit, threadId)();
  assertRoom(threadId, said);
  const to = addressees(row, said, agent);
  const facts = { id: randomUUID(), message, to, named: agent !== undefined };
  await stores.audit.append(
    { threadId, actor: person.id, action: TOLD, stage: row.stage, attempt: row.attempt, facts },
    // Many may speak at once, and together they have no more room than one.
    { afterSeq: said.seq, by: (newer) => assertRoom(threadId, saidAfter(said, newer)) },
  );
  const recorded = (await toldOf(runtime, row)).find((one) => one.id === facts.id);
  if (recorded === undefined) throw new Error(`message ${facts.id} was recorded and is not there`);
  return recorded;
}

/** Every message of a run with who has heard it, oldest first. */
export async function toldOf({ stores }: Pick<Runtime, 'stores'>, row: RunRow): Promise<ToldView[]> {
  const said = await readSaid(stores.audit, row.threadId)();
  const isOver = whyOver(row) !== undefined;
  return said.tells.map((one) => ({
    id: one.id,
    by: one.by,
    at: one.at,
    text: one.message,
    to: one.to.map((speaker) => speaker.agent),
    heard: said.heard.filter(({ id }) => id === one.id).map(({ agent, attempt, at }) => ({ agent, attempt, at })),
    awaited: !isOver && isAwaited(one, said),
  }));
}

/** How a run ended in which no agent speaks any more; undefined where one may. */
function whyOver({ status, reason }: RunRow): string | undefined {
  if (status === 'running' || status === 'waiting' || status === 'cancelled' || reason?.resumable === true) return undefined;
  return `${status}${reason === null ? '' : ` with ${reason.code}: ${reason.message.slice(0, 300)}`}`;
}

function assertGoesOn(row: RunRow): void {
  const why = whyOver(row);
  if (why === undefined) return;
  throw new UsageError(`thread ${row.threadId}: is ${why}; no agent will speak in it again, so nobody would hear this`);
}

/** As it is recorded: what a terminal would not show is made visible, secrets are masked. */
async function written(runtime: Runtime, row: RunRow, text: string): Promise<string> {
  if (text.trim() === '') throw new UsageError('tell: the message is empty; say something');
  const { request } = await readRequest(runtime, row);
  const message = visible(redactorOf(runtime.env, reparse(request.config))(text));
  const bytes = Buffer.byteLength(message);
  if (bytes > MAX_TOLD_BYTES) throw new UsageError(`tell: the message is ${bytes} bytes; at most ${MAX_TOLD_BYTES} are allowed`);
  return message;
}

function assertRoom(threadId: string, said: Said): void {
  const { tells } = said;
  if (tells.length >= MAX_TOLD)
    throw new UsageError(`tell: ${tells.length} messages were said to thread ${threadId}; at most ${MAX_TOLD} are allowed in a run`);
  const waiting = tells.filter((one) => isAwaited(one, said)).length;
  if (waiting >= MAX_UNHEARD)
    throw new UsageError(`tell: ${waiting} messages are not heard yet; at most ${MAX_UNHEARD} may wait: say it when they are`);
}

/** Who is at work now, or the one that was named. Where no process drives the thread: who speaks next. */
function addressees(row: RunRow, said: Said, agent: string | undefined): Speaker[] {
  if (agent === undefined) return row.live ? atWork(said.speakers) : [];
  const named = said.speakers.filter((speaker) => speaker.agent === agent);
  if (named.length > 0) return named;
  const present = said.speakers.map((speaker) => speaker.agent).join(', ') || 'nobody';
  throw new UsageError(
    `--agent ${JSON.stringify(visible(agent).slice(0, 100))}: no such agent is at work in thread ${row.threadId}; at work: ${present}. Without --agent it is heard by who speaks next`,
  );
}
