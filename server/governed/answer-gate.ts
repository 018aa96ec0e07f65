/** An answer to the gate that waits, by a request on its thread: a decision, a comment, or nothing that can be understood. */
import { z } from 'zod';
import { visible } from '../../domain/access.ts';
import { isFanOut } from '../../domain/fan-out.ts';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import { assertNoSecret } from '../../runtime/goal.ts';
import type { Caller } from '../auth/caller.ts';
import { Problem } from '../http/problem.ts';
import { ACCEPTED, parseAnswer } from './answers.ts';
import { decideAs } from './decide-as.ts';
import { type Governed, latestState } from './graph.ts';
import { cut } from './view.ts';

/** How long an answer that names no gate may be the echo of the one before, in ms: longer than the SDK's retries take. */
const ECHO_MS = 10_000;
/** How long an answer waits for the drive that has just asked to let go of the thread, in ms. */
const REST_WAIT_MS = 5000;
const REST_POLL_MS = 50;
const MAX_COMMENT_BYTES = 2048;

/** Who says something, and where. */
export interface Speaker {
  readonly governed: Governed;
  readonly caller: Caller;
}

/** Said at a gate, on the record, and no decision. */
export async function commentAt({ governed, caller }: Speaker, gate: ApprovalRow, text: string): Promise<void> {
  assertNoSecret(governed.runtime.env, 'message', text);
  await governed.runtime.stores.audit.append({
    threadId: gate.threadId,
    actor: caller.person.id,
    action: 'approval-comment',
    facts: { approval: gate.id, gate: gate.gate, message: cut(visible(text), MAX_COMMENT_BYTES) },
  });
}

/** LangGraph's error of an answer for what does not wait. */
const UNKNOWN = 'UnknownInterruptError: ';

const asked = z.looseObject({ gate: z.enum(['plan', 'release', 'budget']), subject: z.looseObject({ digest: z.string() }) });

export interface GivenAnswer {
  readonly resume: unknown;
  /** The request named the checkpoint that it answers at. */
  readonly placed: boolean;
  /** The SDK's `strictResume`: what fits nothing that waits is said in LangGraph's words. */
  readonly strict?: boolean;
}

/** An answer to exactly the interrupt that waits. @throws Problem 409, 422; the gate stays as it is then. */
export async function answerGate(speaker: Speaker, asLive: RunRow, given: GivenAnswer): Promise<void> {
  const { governed } = speaker;
  const { resume, placed } = given;
  const row = await atRest(governed, asLive);
  const { threadId } = row;
  const waits = (await latestState(governed, threadId)).tasks.flatMap((task) => task.interrupts ?? [])[0];
  const payload = asked.safeParse(waits?.value);
  const approval = payload.success
    ? await governed.runtime.stores.approvals.newest(threadId, payload.data.gate, payload.data.subject.digest)
    : undefined;
  if (waits === undefined || approval === undefined || approval.status !== 'pending')
    throw new Problem(409, `${given.strict === true ? UNKNOWN : ''}thread ${threadId}: is ${row.status}; no approval is pending`);
  const parsed = parseAnswer(resume, { interruptId: String(waits.id), gate: approval.gate, fanOut: isFanOut({ facts: approval.subject }) });
  switch (parsed.kind) {
    case 'unparseable':
      throw new Problem(
        422,
        `${given.strict === true && parsed.other === true ? UNKNOWN : ''}command.resume: ${parsed.why}; ${ACCEPTED}. The ${approval.gate} gate stays pending`,
      );
    case 'ignored':
      return;
    case 'decision': {
      const { kind: _kind, subject, ...decision } = parsed;
      const keyed = typeof resume === 'object' && resume !== null && Object.hasOwn(resume, String(waits.id));
      if (!placed && !keyed && subject === undefined) await assertNoEcho(speaker, approval);
      await decideAs(speaker, { row, approval }, { ...decision, subject: subject ?? approval.subject.digest });
    }
  }
}

/**
 * A client that sends its answer again, because it did not hear that it arrived, must not answer the next gate with it.
 * @throws Problem 409 for an answer that names no gate, so soon after the same caller answered another one of this thread.
 */
async function assertNoEcho({ governed, caller }: Speaker, approval: ApprovalRow): Promise<void> {
  const since = governed.runtime.clock.now() - ECHO_MS;
  const others = await governed.runtime.stores.approvals.list({ threadId: approval.threadId });
  const echoed = others.some(
    (other) => other.id !== approval.id && other.votes.some((vote) => vote.by.id === caller.person.id && Date.parse(vote.at) > since),
  );
  if (echoed)
    throw new Problem(
      409,
      `approval ${approval.id}: the ${approval.gate} gate opened after an answer of ${caller.person.id} less than ${ECHO_MS / 1000} s ago; look at it, and answer by its interrupt id or with its subject`,
    );
}

/** A client can see the question a moment before the drive that asked it has let go. */
async function atRest(governed: Governed, row: RunRow): Promise<RunRow> {
  let now = row;
  for (let waitedMs = 0; now.live && waitedMs < REST_WAIT_MS; waitedMs += REST_POLL_MS) {
    await new Promise((wake) => setTimeout(wake, REST_POLL_MS));
    now = (await governed.runtime.stores.runs.get(row.threadId)) ?? now;
  }
  return now;
}
