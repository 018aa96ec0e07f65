/** The release gate: bound to the difference, base, plan, policy and review; red lines always come here. */
import { StopError } from '../../domain/errors.ts';
import { gateNumber } from '../../domain/gate-number.ts';
import {
  type BuildBody,
  buildBodySchema,
  type Finding,
  originWords,
  type PlanBody,
  planBodySchema,
  type ReviewBody,
  reviewBodySchema,
} from '../../domain/handoff.ts';
import { strictest } from '../../domain/policy.ts';
import type { ApprovalRow, Subject } from '../../domain/ports.ts';
import { openFindings } from '../../domain/waivers.ts';
import { maskedPatch } from '../../tools/masked-patch.ts';
import { policyWarnings } from '../../tools/policy-warnings.ts';
import { readableLines } from '../../tools/text/encoding.ts';
import { governorNode } from '../governor-node.ts';
import { isExpired, needsApproval, pointers, releaseSubject, sameButBase } from '../release-subject.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { note } from '../state.ts';
import { type GateQuestion, passGate } from './gate.ts';

/** A change of more files, or of more lines, is too wide for a card to show any of it. */
const MOST_SHOWN = 50;
const MOST_LINES = 2000;

/** The `approve_release` node. */
export const approveReleaseNode = (find: FindSession) =>
  governorNode(find, 'approve_release', async (session, state) => {
    const { plan, build: buildRef, review: reviewRef } = pointers(state);
    const build = await bodyOf(session, buildRef, buildBodySchema);
    const review = await bodyOf(session, reviewRef, reviewBodySchema);
    if (review.verdict !== 'pass' || review.tree !== build.tree)
      throw new StopError(
        'STATE_TAMPERED',
        `${reviewRef.path}: verdict ${review.verdict} on tree ${review.tree}, the build is ${build.tree}`,
        { evidence: [reviewRef.path] },
      );
    if (!needsApproval(session, review)) return { releaseApproval: null, route: 'deploy' };
    const open = openFindings(review);
    const subject = releaseSubject(session, { plan, review: reviewRef }, build, review);
    const earlier = await coveringApproval(session, subject);
    if (earlier !== undefined) {
      const gates = await session.stores.approvals.list({ threadId: session.facts.threadId });
      const said = note('approve_release', gateNumber(gates, earlier), `covered by ${earlier.id}`);
      return { releaseApproval: earlier.id, route: 'deploy', notes: said };
    }
    const decided = await passGate(
      session,
      {
        gate: 'release',
        stage: 'approve_release',
        subject,
        required: strictest(
          review.red_lines.map((line) => ({
            role: roleWord(line.approvers.role),
            min: line.approvers.min,
            notStarter: line.approvers.not_starter,
          })),
        ),
        shown: {
          candidate: build.commit,
          files: build.changes.length,
          changed: build.changes.slice(0, open.length === 0 ? 20 : 6).map((change) => `${change.status} ${change.path}`.slice(0, 60)),
          red_lines: review.red_lines.map((line) => line.rule_id).slice(0, 20),
          red_line_origins: review.red_lines.map((line) => originWords(line.origin).trim()).slice(0, 20),
          ...(await shownWarnings(session)),
          no_checks: session.facts.config.checks.length === 0,
          review: reviewRef.path,
          ...shownFindings(open),
        },
        card: async () => cardOf(session, { plan: await bodyOf(session, plan, planBodySchema), build, review }),
      },
      [plan, buildRef, reviewRef],
    );
    if (decided.kind === 'undecided') return { route: 'approve_release' };
    const { row, number, vote, ref } = decided;
    const said = note('approve_release', number, `${row.status} by ${vote.by.id}`);
    if (row.status !== 'rejected') return { releaseApproval: row.id, route: 'deploy', notes: said };
    if (state.rounds + 1 >= session.facts.limits.reviewRounds)
      throw new StopError(
        'APPROVAL_REJECTED',
        `${vote.by.id} rejected the release: ${vote.comment}; all ${session.facts.limits.reviewRounds} rounds are used (limits.reviewRounds)`,
        { evidence: [ref.path] },
      );
    return { rejection: ref, rounds: state.rounds + 1, releaseApproval: null, route: 'build', notes: said };
  });

/** What the card tells of the candidate; of a large difference only its beginning is shown, so no more of it is made. */
async function cardOf(
  { places, doors }: Session,
  { plan, build, review }: { readonly plan: PlanBody; readonly build: BuildBody; readonly review: ReviewBody },
): ReturnType<NonNullable<GateQuestion['card']>> {
  const { repository } = places;
  const from = await repository.treeOf(build.base);
  const wide = build.changes.length > MOST_SHOWN || (await repository.countLines(from, build.tree)) > MOST_LINES;
  return {
    summary: doors.redact(plan.summary),
    checks: review.checks.map(
      ({ id, status, exit_code: code }) => `${id} ${status}${code === null || code === 0 ? '' : ` (exit code ${code})`}`,
    ),
    ...(wide ? {} : { diff: readableLines(await maskedPatch(repository, { from, to: build.tree }, (text) => doors.redact(text))) }),
  };
}

/**
 * An approval given for an older base still covers an identical difference with no new red line (invariant 6): same
 * difference, plan, policy and red lines, not used, not expired.
 */
async function coveringApproval(session: Session, subject: Subject): Promise<ApprovalRow | undefined> {
  const rows = await session.stores.approvals.list({ threadId: session.facts.threadId });
  return rows.find(
    (row) =>
      row.gate === 'release' &&
      (row.status === 'approved' || row.status === 'edited') &&
      row.subject.digest !== subject.digest &&
      row.usedBy === null &&
      !isExpired(session, row) &&
      sameButBase(row.subject, subject),
  );
}

/** Every id, since each must be named; the words of the first ones, the review has them all. */
function shownFindings(open: readonly Finding[]): { readonly waive?: string[]; readonly findings?: string[] } {
  if (open.length === 0) return {};
  const text = ({ id, code, message }: Finding): string => `${id} ${code} ${message.split('\n')[0] ?? ''}`.slice(0, 120);
  return { waive: open.map(({ id }) => id), findings: open.slice(0, 6).map(text) };
}

/** Rules that may not say what their author meant: a person decides with less protection than they think. */
async function shownWarnings({ facts, places }: Session): Promise<{ readonly warnings?: string[] }> {
  const warnings = await policyWarnings(facts.config, places.repository, facts.request.base);
  return warnings.length === 0 ? {} : { warnings: warnings.slice(0, 3).map((line) => line.slice(0, 200)) };
}

function roleWord(role: string): 'viewer' | 'operator' | 'approver' | 'admin' {
  return role === 'viewer' || role === 'operator' || role === 'admin' ? role : 'approver';
}
