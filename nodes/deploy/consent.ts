/** The consent of people to a release: a record outside graph state; graph state only says where to look. */
import { StopError } from '../../domain/errors.ts';
import type { BuildBody, FileRef, ReviewBody } from '../../domain/handoff.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import { openFindings, unwaived } from '../../domain/waivers.ts';
import { isExpired, needsApproval, releaseSubject, sameButBase } from '../release-subject.ts';
import type { Session } from '../session.ts';
import { assertProven } from './proven.ts';

/** `row`: null where nobody had to be asked. */
type Consent = { readonly kind: 'given'; readonly row: ApprovalRow | null } | { readonly kind: 'expired'; readonly row: ApprovalRow };

interface Asked {
  /** Where graph state says that the record is. */
  readonly id: string | null;
  readonly refs: { readonly plan: FileRef; readonly review: FileRef };
  readonly build: BuildBody;
  readonly review: ReviewBody;
}

/** The record that covers exactly this candidate. @throws StopError `APPROVAL_STALE`. */
export async function findConsent(session: Session, { id, refs, build, review }: Asked): Promise<Consent> {
  if (!needsApproval(session, review)) return { kind: 'given', row: null };
  const subject = releaseSubject(session, refs, build, review);
  const row = id === null ? undefined : await session.stores.approvals.get(id);
  if (
    row === undefined ||
    row.threadId !== session.facts.threadId ||
    row.gate !== 'release' ||
    (row.status !== 'approved' && row.status !== 'edited')
  )
    throw new StopError('APPROVAL_STALE', `no approved record covers subject ${subject.digest}; state names ${id ?? 'none'}`);
  if (row.subject.digest !== subject.digest && !sameButBase(row.subject, subject))
    throw new StopError('APPROVAL_STALE', `approval ${row.id} is for subject ${row.subject.digest}, the release is ${subject.digest}`);
  const missing = unwaived(row, openFindings(review)).map(({ id }) => id);
  if (missing.length > 0) throw new StopError('APPROVAL_STALE', `approval ${row.id} does not waive ${missing.join(', ')}`);
  await assertProven(session, row);
  if (row.usedBy === null && isExpired(session, row)) return { kind: 'expired', row };
  return { kind: 'given', row };
}
