/** What the journal recorded of a release. */
import { StopError } from '../../domain/errors.ts';
import type { Session } from '../session.ts';

export interface ReleaseFacts {
  readonly target: string;
  readonly branch: string;
  readonly before: string;
  readonly commit: string;
  readonly approval: string | null;
}

/** The recorded release of a key. @throws StopError `HANDOFF_MISSING` when there is none. */
export async function releaseFacts(session: Session, key: string): Promise<ReleaseFacts> {
  const found = await session.stores.effects.peek(key);
  if (found?.state !== 'done' || found.result === null)
    throw new StopError('HANDOFF_MISSING', `the journal has no finished release ${key}`);
  return JSON.parse(found.result) as ReleaseFacts; // written by `deploy`, in the same transaction as the journal row
}
