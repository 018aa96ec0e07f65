/** Which findings of a review a person may let pass at the release gate, and which nobody may. */
import type { Finding, Waiver } from './handoff.ts';
import type { ApprovalRow } from './ports.ts';
import type { ReasonCode } from './reasons.ts';

/**
 * Rules about what a change is for, which a person can know better: whether a test was meant to go, whether the change may be as wide,
 * whether what the checks go by was meant to change.
 * No check that failed, no denied path and no secret; a red line has its own approval.
 */
const WAIVABLE: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['TESTS_WEAKENED', 'BASE_TEST_FAILS', 'OUT_OF_SCOPE', 'CHECK_INPUT_CHANGED']);

/** More open findings than this are no exception that a person can judge one by one: the run stops as it did. */
export const MAX_OPEN_FINDINGS = 30;

/** May a person waive this finding by its id? */
export const isWaivable = ({ code }: Finding): boolean => WAIVABLE.has(code);

/** Does it send the change back to the builder? */
export const isBlocking = ({ severity, needs_waiver }: Finding): boolean => severity !== 'minor' && needs_waiver !== true;

/** What an approval must waive, each once, in the order of their ids. */
export function openFindings({ findings }: { readonly findings: readonly Finding[] }): Finding[] {
  const open = new Map(findings.filter((one) => one.needs_waiver === true).map((one) => [one.id, one]));
  return [...open.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The findings with all that block left to a person; undefined where one of them is not a person's to waive, or they are too many. */
export function leftToPerson(findings: readonly Finding[]): Finding[] | undefined {
  if (!findings.filter(isBlocking).every(isWaivable)) return undefined;
  const left = findings.map((one) => (isBlocking(one) ? { ...one, needs_waiver: true as const } : one));
  return openFindings({ findings: left }).length > MAX_OPEN_FINDINGS ? undefined : left;
}

/** Who waived what with this approval. Every approving person waives for themselves. */
export function waiversOf({ votes }: Pick<ApprovalRow, 'votes'>): Waiver[] {
  return votes.flatMap(({ decision, waive = [], by, at }) =>
    decision === 'rejected' ? [] : waive.map((id) => ({ finding_id: id, by: by.id, at })),
  );
}

/** The open findings that one of those who approved did not waive. */
export function unwaived({ votes }: Pick<ApprovalRow, 'votes'>, open: readonly Finding[]): Finding[] {
  const approving = votes.filter(({ decision }) => decision !== 'rejected');
  return open.filter(({ id }) => approving.length === 0 || approving.some(({ waive = [] }) => !waive.includes(id)));
}
