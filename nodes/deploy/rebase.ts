/** The base moved: the same change on the new base, merged on trees, as a build of its own. */
import { StopError } from '../../domain/errors.ts';
import { type BuildBody, buildBodySchema, FILES, type FileRef, type PlanBody } from '../../domain/handoff.ts';
import { makeCandidate, patchOf, withItems } from '../candidate.ts';
import type { Session } from '../session.ts';
import { runStage } from '../stage.ts';

/** Merges base -> candidate onto the new tip and writes the next `20-build`. @throws StopError `BASE_MOVED` on conflict. */
export async function rebase(
  session: Session,
  options: { build: BuildBody; buildRef: FileRef; plan: PlanBody; tip: string },
): Promise<{ ref: FileRef; attempt: number }> {
  const { build, tip } = options;
  return runStage(session, {
    stage: 'deploy',
    counter: 'build',
    kind: 'build',
    inputs: [options.buildRef],
    also: { tip },
    file: FILES.build,
    schema: buildBodySchema,
    madeBy: 'governor',
    work: async (attempt) => {
      await session.places.repository.bringObjects(tip);
      const merged = await session.places.repository.merge(build.base, tip, build.commit);
      if (merged.kind === 'conflict')
        throw new StopError(
          'BASE_MOVED',
          `${session.facts.config.release.branch} moved from ${build.base} to ${tip}; the change conflicts in ${merged.paths.join(', ')}`,
        );
      const { commit, branch } = await makeCandidate(session, { attempt, base: tip, tree: merged.tree, summary: build.summary });
      const changes = withItems(
        await session.places.repository.diff(await session.places.repository.treeOf(tip), merged.tree),
        options.plan,
      );
      return { ...build, base: tip, commit, tree: merged.tree, branch, changes };
    },
    beside: async (attempt, body) => [{ path: FILES.patch(attempt), text: await patchOf(session, body) }],
  });
}
