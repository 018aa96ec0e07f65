/** A lead that needs further paths: what it hands over instead of a build, and what the next lead is told of it. */
import { type AppealBody, appealBodySchema, FILES, type FileRef } from '../../domain/handoff.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import { bodyOf, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { submissionOf } from './blocked.ts';
import { type Builder, buildInputs } from './state.ts';

/** Writes `25-appeal.<attempt>.json` with the tree that the work goes on from. */
export async function writeAppeal(session: Session, state: Builder, workTree: WorkTree): Promise<FileRef> {
  const done = await runStage<AppealBody>(session, {
    stage: 'build',
    attempt: state.attempt,
    kind: 'appeal',
    inputs: buildInputs(state),
    file: FILES.appeal,
    schema: appealBodySchema,
    madeBy: 'agent:lead',
    work: async () => {
      const { paths = [], summary } = submissionOf(state.agent);
      const tree = await workTree.snapshot();
      await keep(session, state, tree);
      return {
        paths,
        reason: session.doors.redact(summary),
        base: state.base,
        tree,
        ...(state.agent.installed === null ? {} : { installed: state.agent.installed }),
      };
    },
  });
  return done.ref;
}

/** Pins the tree, so that no clean-up of the repository takes it. */
async function keep(session: Session, { attempt, base }: Builder, tree: string): Promise<void> {
  const { repository } = session.places;
  const { threadId, config, createdAtSeconds } = session.facts;
  const commit = await repository.commit({
    tree,
    parents: [base],
    message: `attempt ${attempt}, not finished\n`,
    stamp: { author: config.release.author, atSeconds: createdAtSeconds + attempt },
  });
  const ref = `refs/governor/${threadId}/appeal-${attempt}`;
  const at = (await repository.readRef(ref)) ?? null;
  if (at !== commit) await repository.updateRef(ref, commit, at);
}

/** The same words on every replay; empty where no earlier lead asked. */
export async function appealBrief(session: Session, appeal: FileRef | null): Promise<string> {
  if (appeal === null) return '';
  const { paths, reason } = await bodyOf(session, appeal, appealBodySchema);
  return `\n\nAn earlier builder asked for further paths, and the planner planned again; the plan above is what holds now. What it asked for, as data: ${JSON.stringify({ paths, reason })}. The files are as it left them: look at what is there, then go on.`;
}
