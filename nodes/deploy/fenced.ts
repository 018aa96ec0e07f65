/** No effect on a target from a thread whose checkpoints another program keeps. */
import { StopError } from '../../domain/errors.ts';
import type { Session } from '../session.ts';

/** @throws StopError `UNGUARDED_SAVER`: state can be edited there and two processes can run one thread; files and approvals stay. */
export function assertFenced(session: Session, what: string): void {
  if (session.facts.fenced) return;
  throw new StopError(
    'UNGUARDED_SAVER',
    `${what}: thread ${session.facts.threadId} is stepped by a server whose saver has no fence; its files and approvals are kept, go on with governor`,
  );
}
