/** Verifies the released commit in a fresh sandboxed checkout; a failure rolls back by a new commit. */
import { StopError } from '../../domain/errors.ts';
import { buildBodySchema, FILES, releaseBodySchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { governorNode } from '../governor-node.ts';
import { installedFor } from '../installed.ts';
import { pointers } from '../release-subject.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { note } from '../state.ts';
import { type ReleaseFacts, releaseFacts } from './facts.ts';
import { assertFenced } from './fenced.ts';
import { rollBack } from './rollback.ts';

/** Longest run of `release.verify`, in ms. */
const VERIFY_TIMEOUT_MS = 15 * 60_000;

/** The `verify` node. */
export const verifyNode = (find: FindSession) =>
  governorNode(find, 'verify', async (session, state) => {
    const refs = pointers(state);
    if (state.releaseKey === null) throw new StopError('HANDOFF_MISSING', 'verify: there is no release');
    const key = state.releaseKey;
    const facts = await releaseFacts(session, key);
    const done = await runStage(session, {
      stage: 'verify',
      kind: 'release',
      inputs: [refs.plan, refs.build, refs.review],
      also: { key },
      file: STAGE_TABLE.verify.file,
      schema: releaseBodySchema,
      madeBy: 'governor',
      work: async () => {
        assertFenced(session, 'verification');
        const { installed } = await bodyOf(session, refs.build, buildBodySchema);
        const verified = await verify(installedFor(session, installed), facts, key);
        return {
          target: facts.target,
          branch: facts.branch,
          before: facts.before,
          after: facts.commit,
          commit: facts.commit,
          key,
          verified,
        };
      },
    });
    if (done.body.verified)
      return { outcome: 'released' as const, route: 'end', notes: note('verify', 1, `released ${facts.commit} to ${facts.branch}`) };
    const evidence = [FILES.log(0, 'verify')];
    if (session.facts.config.release.rollback === 'ask')
      throw new StopError(
        'VERIFY_FAILED',
        `${facts.commit} is released but failed its verification; undo it with: governor rollback ${session.facts.threadId}`,
        { evidence },
      );
    const undone = await rollBack(session, facts, done.ref, { reason: 'verification failed', by: 'governor' });
    throw new StopError('VERIFY_FAILED', `${facts.commit} failed its verification and was undone by ${undone.commit}`, { evidence });
  });

/** True without a command, or when it exits 0. Its answer is journaled, so that a crash cannot change it. */
async function verify(session: Session, facts: ReleaseFacts, releaseKey: string): Promise<boolean> {
  const argv = session.facts.config.release.verify;
  if (argv === undefined) return true;
  const effect = {
    key: digestOf({ kind: 'verify', releaseKey }),
    kind: 'verify' as const,
    stage: 'verify',
    attempt: 1,
    agent: 'governor',
    role: 'governor' as const,
    requestHash: digestOf(argv),
  };
  const audit = { threadId: session.facts.threadId, actor: 'governor', stage: 'verify' };
  const start = await session.stores.effects.start(session.facts.fence, effect, {
    audit: { ...audit, action: 'verify-start', facts: { argv } },
  });
  if (start.kind === 'done') return start.result === 'pass';
  const folder = session.places.workFolder('verify');
  const workTree = await session.places.repository.checkout(await session.places.repository.treeOf(facts.commit), folder);
  try {
    const mounts = await session.places.mounts();
    const result = await session.places.sandbox.run({
      argv,
      workspace: folder,
      ...mounts,
      network: false,
      timeoutMs: VERIFY_TIMEOUT_MS,
      signal: session.signal,
    });
    await session.stores.dossier.writeText(
      session.facts.threadId,
      FILES.log(0, 'verify'),
      session.doors.redact(`${result.stdout}\n${result.stderr}`),
    );
    const outcome = result.exitCode === 0 ? 'pass' : 'fail';
    await session.stores.effects.finish(session.facts.fence, effect.key, {
      result: outcome,
      audit: [
        {
          ...audit,
          action: 'verify-end',
          facts: { outcome, exit_code: result.exitCode, timed_out: result.timedOut, duration_ms: result.durationMs },
        },
      ],
    });
    return outcome === 'pass';
  } finally {
    await workTree.remove();
  }
}
