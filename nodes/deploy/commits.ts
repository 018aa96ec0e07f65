/** The commits a release and its undoing are made of; the same inputs give the same commit. */
import { visible } from '../../domain/access.ts';
import { TRAILERS } from '../../domain/release-trailers.ts';
import type { CommitStamp, MergeResult, Repository } from '../../domain/workspace.ts';

type Made = { readonly kind: 'made'; readonly commit: string } | Extract<MergeResult, { kind: 'conflict' }>;

/** A merge of the candidate into the branch: first parent where the branch was, second the candidate. */
export async function releaseCommit(options: {
  repository: Repository;
  candidate: { commit: string; tree: string };
  before: string;
  message: string;
  stamp: CommitStamp;
}): Promise<string> {
  const { repository, candidate, before, message, stamp } = options;
  return repository.commit({ tree: candidate.tree, parents: [before, candidate.commit], message, stamp });
}

/** The inverse difference of a release on the branch's tip. */
export async function rollbackCommit(options: {
  repository: Repository;
  release: { before: string; commit: string };
  tip: string;
  message: string;
  stamp: CommitStamp;
}): Promise<Made> {
  const { repository, release, tip, message, stamp } = options;
  const merged = await repository.merge(release.commit, tip, release.before);
  if (merged.kind === 'conflict') return merged;
  return { kind: 'made', commit: await repository.commit({ tree: merged.tree, parents: [tip], message, stamp }) };
}

/** Subject, summary, and the trailers that lead back to the evidence. */
export function releaseMessage(facts: {
  goal: string;
  summary: string;
  threadId: string;
  /** Undefined: as releases were named before they named their home. */
  home: string | undefined;
  approvedBy: readonly string[];
  plan: string;
  review: string;
}): string {
  const subject = visible(facts.goal.split('\n')[0] ?? 'change').slice(0, 72);
  const trailers = [
    ...(facts.home === undefined ? [] : [`${TRAILERS.home}: ${facts.home}`]),
    `${TRAILERS.thread}: ${facts.threadId}`,
    ...facts.approvedBy.map((person) => `Approved-By: ${visible(person).replaceAll(/\s+/g, ' ')}`),
    `${TRAILERS.plan}: ${facts.plan}`,
    `${TRAILERS.review}: ${facts.review}`,
  ];
  return `${subject}\n\n${visible(facts.summary).slice(0, 4000)}\n\n${trailers.join('\n')}\n`;
}
