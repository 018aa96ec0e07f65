/** The trailers by which a release on a target is known again: which home made it, and which of its threads. */

export const TRAILERS = { home: 'Governor-Home', thread: 'Governor-Thread', plan: 'Plan', review: 'Review' } as const;

/** A release commit, as a target's history has it. */
export interface FoundRelease {
  readonly commit: string;
  readonly threadId: string;
  /** Null: made before releases named their home. */
  readonly home: string | null;
}
