/** THE STAGE DOOR: inputs verified, done-already detected, file before checkpoint. */
import { isGraphBubbleUp } from '@langchain/langgraph';
import { StopError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import type { Envelope, FileRef } from '../domain/handoff.ts';
import { canonicalJson, digestOf } from '../domain/ids.ts';
import { REASONS } from '../domain/reasons.ts';
import { isAskable, type Stage } from '../domain/stages.ts';
import { type FindSession, type NodeConfig, type Session, visitOf } from './session.ts';
import type { Routed, State, Update } from './state.ts';

export interface StageWork<Body> {
  readonly stage: Stage;
  /** What attempts are counted by; default the stage. */
  readonly counter?: string;
  /** The attempt it belongs to, for work that is not counted by itself: a sub-agent's part. */
  readonly attempt?: number;
  readonly kind: string;
  /** The files this stage reads; each must be on disk with its digest. */
  readonly inputs: readonly FileRef[];
  /** Further values that make this work another work (a base commit, an approval id). */
  readonly also?: Readonly<Record<string, string>>;
  readonly file: (attempt: number) => string;
  readonly schema: { parse(value: unknown): Body };
  readonly madeBy: string;
  work(attempt: number): Promise<Body>;
  /** Written beside the file, before it: Markdown, a patch. */
  beside?(attempt: number, body: Body): Promise<readonly { path: string; text: string | Uint8Array }[]>;
}

export interface StageResult<Body> {
  readonly ref: FileRef;
  readonly body: Body;
  readonly attempt: number;
}

/**
 * Runs one stage once per set of inputs. A file that is there already for the same inputs is returned and nothing is paid.
 * @throws StopError `HANDOFF_MISSING`, `STATE_TAMPERED`, or what the work throws.
 */
export async function runStage<Body>(session: Session, stage: StageWork<Body>): Promise<StageResult<Body>> {
  for (const input of stage.inputs) await session.stores.dossier.readVerified(session.facts.threadId, input);
  const attempt = stage.attempt ?? (await attemptOf(session, stage.counter ?? stage.stage, stage.inputs, stage.also));
  const path = stage.file(attempt);
  const inputs = stage.also === undefined ? stage.inputs : [...stage.inputs, { path: '#also', sha256: digestOf(stage.also) }];
  const found = await session.stores.dossier.read(session.facts.threadId, path);
  if (found !== undefined) {
    const envelope = (await session.stores.dossier.readVerified(session.facts.threadId, found.ref)) as Envelope;
    if (envelope.kind === stage.kind && canonicalJson(envelope.inputs) === canonicalJson(inputs))
      return { ref: found.ref, body: parseFile(stage, path, envelope.body), attempt };
    throw new StopError('STATE_TAMPERED', `${path}: it names other inputs than this stage was given`, { evidence: [path] });
  }
  const facts = { stage: stage.stage, attempt };
  const by = { made_by: stage.madeBy };
  await session.stores.audit.append({ threadId: session.facts.threadId, actor: 'governor', action: 'stage-start', ...facts, facts: by });
  const body = stage.schema.parse(await stage.work(attempt));
  for (const extra of (await stage.beside?.(attempt, body)) ?? [])
    await session.stores.dossier.writeText(session.facts.threadId, extra.path, extra.text);
  const ref = await session.stores.dossier.writeJson(session.facts.threadId, path, {
    kind: stage.kind,
    version: 1,
    thread_id: session.facts.threadId,
    attempt,
    inputs,
    made_by: stage.madeBy,
    made_at: new Date(session.clock.now()).toISOString(),
    body,
  });
  await session.stores.audit.append({
    threadId: session.facts.threadId,
    actor: 'governor',
    action: 'stage-end',
    ...facts,
    facts: { ...by, file: ref.path, sha256: ref.sha256 },
  });
  return { ref, body, attempt };
}

/** The attempt number of a stage with these inputs: a replay finds its own, other inputs get the next. */
export function attemptOf(
  session: Session,
  counter: string,
  inputs: readonly FileRef[],
  also?: Readonly<Record<string, string>>,
): Promise<number> {
  return session.stores.attempts.allocate(session.facts.fence, counter, digestOf({ stage: counter, inputs, also: also ?? {} }));
}

function parseFile<Body>(stage: StageWork<Body>, path: string, body: unknown): Body {
  try {
    return stage.schema.parse(body);
  } catch (error) {
    throw new StopError('STATE_TAMPERED', `${path}: its body is not a ${stage.kind}`, { evidence: [path], cause: error });
  }
}

/** What the node of each stage does; it ends with one of the stage's own edges. */
type Work = { readonly [Name in Stage]: (session: Session, state: State) => Promise<Routed<Name>> };

/**
 * Wraps the body of a node: finds the session, stops at a drain, and turns a StopError into the route to `halt` (or to
 * `approve_budget`, where a person may lift it). Everything else passes through untouched.
 */
export function staged<Name extends Stage>(find: FindSession, stage: Name, run: Work[Name]) {
  return async (state: State, config: NodeConfig): Promise<Update> => {
    const session = await find(visitOf(config, state));
    try {
      await session.checkpointReached(stage);
      failpoint(`node:${stage}:enter`);
      const update = await run(session, state);
      failpoint(`node:${stage}:exit`);
      return update;
    } catch (error) {
      if (isGraphBubbleUp(error) || !(error instanceof StopError)) throw error;
      if (session.signal.aborted) throw session.signal.reason;
      await session.stores.audit.append({
        threadId: session.facts.threadId,
        actor: 'governor',
        action: 'stage-error',
        stage,
        code: error.code,
        facts: { message: session.doors.redact(error.message).slice(0, 1000), ...error.facts },
      });
      const ask = isAskable(stage, error.code) && session.facts.limits.onExhausted === 'ask' && REASONS[error.code].resumable;
      return {
        stop: {
          code: error.code,
          message: session.doors.redact(error.message).slice(0, 4000),
          stage,
          evidence: [...error.evidence],
          facts: { ...error.facts },
        },
        route: ask ? 'approve_budget' : 'halt',
      };
    } finally {
      await session.left();
    }
  };
}
