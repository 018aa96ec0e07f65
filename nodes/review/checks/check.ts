/** What a rule check of the reviewer is given, and what it answers. */
import type { Config } from '../../../domain/config.ts';
import { findingId } from '../../../domain/findings.ts';
import type { Change, CheckResult, Finding, PlanBody, RedLine } from '../../../domain/handoff.ts';
import type { ReasonCode } from '../../../domain/reasons.ts';
import type { Repository, WorkTree } from '../../../domain/workspace.ts';
import type { Session } from '../../session.ts';

export interface ReviewContext {
  readonly session: Session;
  readonly repository: Repository;
  readonly base: { readonly commit: string; readonly tree: string };
  readonly candidate: { readonly commit: string; readonly tree: string };
  readonly changes: readonly Change[];
  readonly plan: PlanBody;
  readonly config: Config;
  /** A fresh checkout of the candidate. */
  readonly checkout: WorkTree;
  readonly attempt: number;
  /** What earlier checks found. */
  readonly findings: readonly Finding[];
}

export interface CheckOutcome {
  readonly results: readonly CheckResult[];
  readonly findings: readonly Finding[];
  readonly redLines: readonly RedLine[];
}

/**
 * One rule of the reviewer. It looks at the difference of trees, never at what an agent says; a finding that blocks sends the change
 * back to the builder.
 * @example
 * ```ts
 * export const largeFiles: ReviewCheck = {
 *   id: 'large-files',
 *   run: async ({ changes, candidate, repository }) => {
 *     const findings: Finding[] = [];
 *     for (const { path, status } of changes) {
 *       const content = status === 'deleted' ? undefined : await repository.readFile(candidate.tree, path);
 *       if ((content?.length ?? 0) > MAX_BYTES)
 *         findings.push(finding('large-files', 'OUT_OF_SCOPE', `${path} has more than ${MAX_BYTES} bytes`, { path }));
 *     }
 *     return { ...NOTHING, findings };
 *   },
 * };
 * ```
 */
export interface ReviewCheck {
  readonly id: string;
  run(context: ReviewContext): Promise<CheckOutcome>;
}

export const NOTHING: CheckOutcome = { results: [], findings: [], redLines: [] };

/** A finding whose id is the same for the same fault in another attempt: durations and line numbers do not count, the whole text does. */
export function finding(
  source: string,
  code: ReasonCode,
  message: string,
  where: {
    path?: string;
    line?: number;
    severity?: Finding['severity'];
    /** True where only a person may let it pass: it sends nothing back. */
    needsWaiver?: boolean;
    /** What tells this fault from another, where the message shows only a part of it. */
    whole?: string;
    /** The text of the line, for a fault that stands at one. */
    anchor?: string;
  } = {},
): Finding {
  return {
    id: findingId('F', { source, code, path: where.path, anchor: where.anchor, what: where.whole ?? message }),
    source,
    severity: where.severity ?? 'blocker',
    code,
    ...(where.path === undefined ? {} : { path: where.path }),
    ...(where.line === undefined ? {} : { line: where.line }),
    message,
    ...(where.needsWaiver === true ? { needs_waiver: true as const } : {}),
  };
}

/** Every path a change touches: both sides of a rename. */
export function touched(changes: readonly Change[]): string[] {
  return changes.flatMap((change) => (change.from === undefined ? [change.path] : [change.path, change.from]));
}

/** A weakened test: a blocker, or for a person to waive where the plan meant it. */
export const weak = (message: string, path: string, meant = false): Finding =>
  finding('weakened-tests', 'TESTS_WEAKENED', message, meant ? { path, severity: 'major', needsWaiver: true } : { path });
