/** The review of the attempt before, with its attempt. */
import { type FileRef, type ReviewBody, reviewBodySchema } from '../../domain/handoff.ts';
import { bodyOf, type Session } from '../session.ts';

export interface RoundBefore {
  readonly attempt: number;
  readonly review: ReviewBody;
}

/** Undefined in the first round. */
export async function roundBefore(session: Session, review: FileRef | null): Promise<RoundBefore | undefined> {
  if (review === null) return undefined;
  const attempt = Number(/^30-review\.(\d+)\.json$/.exec(review.path)?.[1] ?? '0');
  return { attempt, review: await bodyOf(session, review, reviewBodySchema) };
}
