/** Undoes a release by a new commit; history is never rewritten. Idempotent. */
import { ZERO } from '../../domain/budget.ts';
import { StopError } from '../../domain/errors.ts';
import { FILES, type FileRef, type RollbackBody, rollbackBodySchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { Session } from '../session.ts';
import { rollbackCommit } from './commits.ts';
import type { ReleaseFacts } from './facts.ts';
import { assertFenced } from './fenced.ts';
import { deployTarget } from './targets/index.ts';
import type { DeployRequest } from './targets/target.ts';

interface Intent {
  readonly tip: string;
  readonly commit: string;
}

/** Tries when the branch moves under the rollback. */
const TRIES = 3;

/**
 * Applies the inverse difference on the tip and writes `60-rollback.json`; a second call returns the first one's body.
 * @throws StopError `ROLLBACK_CONFLICT` naming the paths.
 */
export async function rollBack(
  session: Session,
  facts: ReleaseFacts,
  release: FileRef,
  why: { reason: string; by: string },
): Promise<RollbackBody> {
  const written = await session.stores.dossier.read(session.facts.threadId, FILES.rollback);
  if (written !== undefined)
    return rollbackBodySchema.parse((await session.stores.dossier.readVerified(session.facts.threadId, written.ref)).body);
  assertFenced(session, 'rollback');
  const config = session.facts.config.release;
  const target = deployTarget(config.target);
  const effect = {
    key: digestOf({ kind: 'rollback', thread: session.facts.threadId, commit: facts.commit }),
    kind: 'rollback' as const,
    stage: 'verify',
    attempt: 1,
    agent: 'governor',
    role: 'governor' as const,
    requestHash: digestOf({ commit: facts.commit }),
  };
  const audit = { threadId: session.facts.threadId, actor: why.by, stage: 'verify', facts: { release: facts.commit, reason: why.reason } };
  let intent = await recordedIntent(session, effect.key);
  for (let tries = 0; ; tries += 1) {
    const request: DeployRequest = {
      repository: session.places.repository,
      branch: facts.branch,
      remote: config.remote,
      before: intent?.tip ?? '',
    };
    if (intent !== undefined && (await target.applied(request, intent.commit))) {
      await target.apply(request, intent.commit);
      break;
    }
    const tip = await target.tip(request);
    if (tip === undefined) throw new StopError('ROLLBACK_CONFLICT', `branch ${facts.branch}: it no longer exists`);
    const commit = await inverse(session, facts, tip, why);
    // An earlier try may have undone it on a tip that its record does not name: then there is nothing left to undo.
    if ((await session.places.repository.treeOf(commit)) === (await session.places.repository.treeOf(tip)) && tip !== facts.commit) {
      intent = { tip, commit: tip };
      break;
    }
    intent = { tip, commit };
    const started = await session.stores.effects.start(session.facts.fence, effect, {
      before: JSON.stringify(intent),
      audit: { ...audit, action: 'rollback-intent' },
    });
    if (started.kind === 'done') break;
    if ((await target.apply({ ...request, before: tip }, intent.commit)) === 'applied') {
      await session.stores.effects.finish(session.facts.fence, effect.key, {
        result: JSON.stringify(intent),
        audit: [{ ...audit, action: 'rollback-applied' }],
      });
      break;
    }
    await session.stores.effects.fail(session.facts.fence, effect.key, { actual: ZERO });
    if (tries + 1 >= TRIES)
      throw new StopError('ROLLBACK_CONFLICT', `branch ${facts.branch} moved ${TRIES} times while the rollback was applied`);
  }
  const body: RollbackBody = {
    release: facts.commit,
    commit: intent.commit,
    reason: why.reason,
    by: why.by,
    at: new Date(session.clock.now()).toISOString(),
  };
  await session.stores.dossier.writeJson(session.facts.threadId, FILES.rollback, {
    kind: 'rollback',
    version: 1,
    thread_id: session.facts.threadId,
    attempt: 1,
    inputs: [release],
    made_by: why.by,
    made_at: body.at,
    body,
  });
  return body;
}

async function recordedIntent(session: Session, key: string): Promise<Intent | undefined> {
  const found = await session.stores.effects.peek(key);
  if (found === undefined || found.state === 'failed' || found.before === null) return undefined;
  return JSON.parse(found.before) as Intent; // written by this function
}

async function inverse(session: Session, facts: ReleaseFacts, tip: string, why: { reason: string; by: string }): Promise<string> {
  const made = await rollbackCommit({
    repository: session.places.repository,
    release: { before: facts.before, commit: facts.commit },
    tip,
    message: `Revert ${facts.commit.slice(0, 12)}: ${why.reason}\n\nGovernor-Thread: ${session.facts.threadId}\nReverted-By: ${why.by}\n`,
    stamp: { author: session.facts.config.release.author, atSeconds: Math.floor(session.clock.now() / 1000) },
  });
  if (made.kind === 'conflict')
    throw new StopError('ROLLBACK_CONFLICT', `${facts.commit} cannot be undone on ${tip}: conflicts in ${made.paths.join(', ')}`);
  return made.commit;
}
