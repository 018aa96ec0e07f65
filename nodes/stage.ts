/** THE STAGE DOOR: inputs verified, done-already detected, file before checkpoint. */
import { StopError } from '../domain/errors.ts';
import type { Envelope, FileRef } from '../domain/handoff.ts';
import { canonicalJson, digestOf } from '../domain/ids.ts';
import type { Stage } from '../domain/stages.ts';
import type { Session } from './session.ts';

/** What a stage reads, does and hands over; `runStage` has an example. */
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
  readonly also?: Also;
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
 * @example
 * ```ts
 * const done = await runStage<WeightBody>(session, {
 *   stage: 'weigh',
 *   kind: 'weight',
 *   inputs: [state.planFile], // other inputs are another attempt
 *   file: (attempt) => `15-weight.${attempt}.json`,
 *   schema: weightBodySchema,
 *   madeBy: 'governor',
 *   work: async (attempt) => ({ heavy: await weigh(session, attempt) }),
 * });
 * ```
 */
export async function runStage<Body>(session: Session, stage: StageWork<Body>): Promise<StageResult<Body>> {
  for (const input of stage.inputs) await session.stores.dossier.readVerified(session.facts.threadId, input);
  const attempt = stage.attempt ?? (await attemptOf(session, stage.counter ?? stage.stage, stage.inputs, stage.also));
  const path = stage.file(attempt);
  const also = stage.attempt === undefined ? alsoOf(session, stage.counter ?? stage.stage, stage.also) : stage.also;
  const inputs = also === undefined ? stage.inputs : [...stage.inputs, alsoRef(also)];
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
export function attemptOf(session: Session, counter: string, inputs: readonly FileRef[], also?: Also): Promise<number> {
  const all = alsoOf(session, counter, also) ?? {};
  return session.stores.attempts.allocate(session.facts.fence, counter, digestOf({ stage: counter, inputs, also: all }));
}

type Also = Readonly<Record<string, string>>;

/** What agents make is made anew after a fork, and reviewed anew; the baseline and what people decided stand. */
const SAMPLED: ReadonlySet<string> = new Set(['plan', 'build', 'review', 'review-file']);

function alsoOf({ facts: { fork } }: Session, counter: string, also: Also | undefined): Also | undefined {
  return fork !== null && SAMPLED.has(counter) ? { ...also, fork } : also;
}

const alsoRef = (also: Also): FileRef => ({ path: '#also', sha256: digestOf(also) });

/** Was this file made since the last fork? True where there was none. */
export async function isSinceFork(session: Session, ref: FileRef): Promise<boolean> {
  const { fork, threadId } = session.facts;
  if (fork === null) return true;
  const { inputs } = await session.stores.dossier.readVerified(threadId, ref);
  return inputs.some((input) => canonicalJson(input) === canonicalJson(alsoRef({ fork })));
}

function parseFile<Body>(stage: StageWork<Body>, path: string, body: unknown): Body {
  try {
    return stage.schema.parse(body);
  } catch (error) {
    throw new StopError('STATE_TAMPERED', `${path}: its body is not a ${stage.kind}`, { evidence: [path], cause: error });
  }
}
