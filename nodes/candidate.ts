/** The artifact: the governor snapshots the tree itself and makes the candidate commit. Agents never run git. */
import { StopError } from '../domain/errors.ts';
import type { BuildBody, Change, PlanBody } from '../domain/handoff.ts';
import { pathMatcher } from '../domain/patterns.ts';
import type { CommitStamp } from '../domain/workspace.ts';
import { maskedPatch } from '../tools/masked-patch.ts';
import type { Session } from './session.ts';

/** Commit dates are derived from the thread's creation and the attempt, so that a replay makes the same commit. */
export function stampOf(session: Session, attempt: number): CommitStamp {
  return { author: session.facts.config.release.author, atSeconds: session.facts.createdAtSeconds + attempt };
}

export const branchOf = (threadId: string): string => `governor/${threadId}`;

/** Makes the commit of a tree on a base, pins it and moves the candidate branch. */
export async function makeCandidate(
  session: Session,
  options: { attempt: number; base: string; tree: string; summary: string },
): Promise<{ commit: string; branch: string }> {
  const commit = await session.places.repository.commit({
    tree: options.tree,
    parents: [options.base],
    message: `${session.facts.request.goal.split('\n')[0]?.slice(0, 72) ?? 'change'}\n\nGovernor-Thread: ${session.facts.threadId}\nGovernor-Attempt: ${options.attempt}\n`,
    stamp: stampOf(session, options.attempt),
  });
  const branch = branchOf(session.facts.threadId);
  for (const ref of [`refs/governor/${session.facts.threadId}/build-${options.attempt}`, `refs/heads/${branch}`]) {
    const at = (await session.places.repository.readRef(ref)) ?? null;
    if (at !== commit) await session.places.repository.updateRef(ref, commit, at);
  }
  return { commit, branch };
}

/** The difference of a candidate, as `20-build.<attempt>.patch` keeps it: for people to read, so secrets are masked. */
export async function patchOf(session: Session, { base, tree }: Pick<BuildBody, 'base' | 'tree'>): Promise<Buffer> {
  const from = await session.places.repository.treeOf(base);
  return maskedPatch(session.places.repository, { from, to: tree }, (text) => session.doors.redact(text));
}

/** Each change with the first plan item whose paths allow it. */
export function withItems(changes: readonly Change[], plan: PlanBody): Change[] {
  const matchers = plan.items.map((item) => ({ id: item.id, matches: pathMatcher(item.paths) }));
  return changes.map((change) => {
    const item = matchers.find((candidate) => candidate.matches(change.path));
    return item === undefined ? change : { ...change, item_id: item.id };
  });
}

/** The build body of a tree. @throws StopError `BUILDER_NO_ARTIFACT` when nothing changed. */
export async function buildBody(
  session: Session,
  options: {
    attempt: number;
    base: string;
    /** The last candidate's tree. */
    before: string;
    tree: string;
    plan: PlanBody;
    summary: string;
    answers: BuildBody['answers'];
    /** Against findings; the same tree is handed over again for them. */
    disputes: NonNullable<BuildBody['disputes']>;
    /** What the last review found is all a person's to let pass: the same tree asks for that. */
    insists: boolean;
    installed: string | null;
    agents: BuildBody['agents'];
  },
): Promise<BuildBody> {
  const baseTree = await session.places.repository.treeOf(options.base);
  const unchanged = options.tree === options.before && options.disputes.length === 0 && !options.insists;
  if (options.tree === baseTree || unchanged) {
    throw new StopError(
      'BUILDER_NO_ARTIFACT',
      `the builder handed over attempt ${options.attempt} with the words ${JSON.stringify(options.summary.slice(0, 200))}, but the tree is still ${options.tree.slice(0, 12)}: no file changed`,
      { facts: { attempt: options.attempt, tree: options.tree } },
    );
  }
  const { commit, branch } = await makeCandidate(session, options);
  const changes = withItems(await session.places.repository.diff(baseTree, options.tree), options.plan);
  return {
    base: options.base,
    commit,
    tree: options.tree,
    branch,
    summary: options.summary,
    changes,
    agents: options.agents,
    answers: options.answers,
    ...(options.disputes.length === 0 ? {} : { disputes: options.disputes }),
    ...(options.installed === null ? {} : { installed: options.installed }),
  };
}
