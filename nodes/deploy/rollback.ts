/** Undoes a release through its target, with the intent on record first; idempotent. */
import { ZERO } from '../../domain/budget.ts';
import { StopError } from '../../domain/errors.ts';
import { FILES, type FileRef, type RollbackBody, rollbackBodySchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { Session } from '../session.ts';
import { rollbackCommit } from './commits.ts';
import type { ReleaseFacts } from './facts.ts';
import { assertFenced } from './fenced.ts';
import { deployTarget } from './targets/index.ts';
import type { DeployRequest, Undoing } from './targets/target.ts';

interface Why {
  readonly reason: string;
  readonly by: string;
}

/** What the journal says before the target is asked to undo; `commit`: the inverse, null where it conflicts. */
interface Intent {
  readonly tip: string;
  readonly commit: string | null;
}

/** Tries when the branch moves under the rollback. */
const TRIES = 3;

/**
 * Has the target undo the release and writes `60-rollback.json`; a second call returns the first one's body.
 * @throws StopError `ROLLBACK_CONFLICT` with what the target says, also when it still holds the release afterwards.
 */
export async function rollBack(session: Session, facts: ReleaseFacts, release: FileRef, why: Why): Promise<RollbackBody> {
  const { dossier } = session.stores;
  const { threadId } = session.facts;
  const written = await dossier.read(threadId, FILES.rollback);
  if (written !== undefined) return rollbackBodySchema.parse((await dossier.readVerified(threadId, written.ref)).body);
  assertFenced(session, 'rollback');
  const body: RollbackBody = {
    release: facts.commit,
    commit: await undoOnce(session, facts, why),
    reason: why.reason,
    by: why.by,
    at: new Date(session.clock.now()).toISOString(),
  };
  await dossier.writeJson(threadId, FILES.rollback, {
    kind: 'rollback',
    version: 1,
    thread_id: threadId,
    attempt: 1,
    inputs: [release],
    made_by: why.by,
    made_at: body.at,
    body,
  });
  return body;
}

/** Intent first, then the target: a half-done undoing is finished, never repeated. Returns what the target stands at. */
async function undoOnce(session: Session, facts: ReleaseFacts, why: Why): Promise<string> {
  const { effects } = session.stores;
  const { fence, threadId } = session.facts;
  const effect = {
    key: digestOf({ kind: 'rollback', thread: threadId, commit: facts.commit }),
    kind: 'rollback' as const,
    stage: 'verify',
    attempt: 1,
    agent: 'governor',
    role: 'governor' as const,
    requestHash: digestOf({ commit: facts.commit }),
  };
  const audit = { threadId, actor: why.by, stage: 'verify', facts: { release: facts.commit, reason: why.reason } };
  const request: DeployRequest = { repository: session.places.repository, release: session.facts.config.release };
  const target = deployTarget(request.release);
  const found = await effects.peek(effect.key);
  if (found?.state === 'done' && found.result !== null) return (JSON.parse(found.result) as { commit: string }).commit; // written below
  let undoing = found?.state === 'started' && found.before !== null ? await begun(session, facts, found.before, why) : undefined;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    if (undoing === undefined) {
      undoing = await freshUndoing(session, facts, await tipOf(request), why);
      const intent: Intent = { tip: undoing.tip, commit: undoing.inverse.kind === 'made' ? undoing.inverse.commit : null };
      await effects.start(fence, effect, { before: JSON.stringify(intent), audit: { ...audit, action: 'rollback-intent' } });
    }
    const undone = await target.undo(request, undoing);
    if (undone.kind === 'undone') {
      await assertGone(request, undoing, undone.commit);
      const done: Intent = { tip: undoing.tip, commit: undone.commit };
      await effects.finish(fence, effect.key, { result: JSON.stringify(done), audit: [{ ...audit, action: 'rollback-applied' }] });
      return undone.commit;
    }
    await effects.fail(fence, effect.key, { actual: ZERO });
    if (undone.kind === 'refused') throw new StopError('ROLLBACK_CONFLICT', undone.why);
    undoing = undefined;
  }
  throw new StopError('ROLLBACK_CONFLICT', `branch ${facts.branch} moved ${TRIES} times while the rollback was applied`);
}

async function tipOf(request: DeployRequest): Promise<string> {
  const tip = await deployTarget(request.release).baseOf(request);
  if (tip === undefined) throw new StopError('ROLLBACK_CONFLICT', `branch ${request.release.branch}: it no longer exists`);
  return tip;
}

/** What an interrupted try had written down. */
async function begun(session: Session, facts: ReleaseFacts, before: string, why: Why): Promise<Undoing> {
  const { tip, commit } = JSON.parse(before) as Intent; // written by `undoOnce`
  if (commit === null) return freshUndoing(session, facts, tip, why);
  return { released: facts, tip, inverse: { kind: 'made', commit } };
}

async function freshUndoing(session: Session, facts: ReleaseFacts, tip: string, why: Why): Promise<Undoing> {
  const { repository } = session.places;
  if (tip !== facts.commit) await repository.bringObjects(tip);
  const made = await rollbackCommit({
    repository,
    release: { before: facts.before, commit: facts.commit },
    tip,
    message: `Revert ${facts.commit.slice(0, 12)}: ${why.reason}\n\nGovernor-Thread: ${session.facts.threadId}\nReverted-By: ${why.by}\n`,
    stamp: { author: session.facts.config.release.author, atSeconds: Math.floor(session.clock.now() / 1000) },
  });
  if (made.kind === 'conflict') return { released: facts, tip, inverse: made };
  // What a person has undone already needs no further commit.
  const nothingLeft = tip !== facts.commit && (await repository.treeOf(made.commit)) === (await repository.treeOf(tip));
  return { released: facts, tip, inverse: { kind: 'made', commit: nothingLeft ? tip : made.commit } };
}

/** The target is asked itself: it no longer holds the release, or what it holds after it is the release's inverse. */
async function assertGone(request: DeployRequest, { released, inverse }: Undoing, commit: string): Promise<void> {
  const target = deployTarget(request.release);
  if (!(await target.isApplied(request, released.commit))) return;
  const undoneAfterwards = inverse.kind === 'made' && inverse.commit === commit && (await target.isApplied(request, commit));
  if (!undoneAfterwards)
    throw new StopError(
      'ROLLBACK_CONFLICT',
      `release.target ${request.release.target}: it says that ${released.commit} is undone, but still holds it`,
    );
}
