/** The transcript chain: a row's id is the digest of its parent, its agent and its message. */
import { digestOf } from './ids.ts';
import type { TranscriptRow } from './ports.ts';

/** The row that follows `parent`; the same message after the same parent is the same row. */
export function rowOf<Message extends TranscriptRow['message']>(
  parent: string | null,
  agent: string,
  message: Message,
): TranscriptRow<Message> {
  return { id: digestOf({ parent, agent, message }), parent, agent, message };
}
