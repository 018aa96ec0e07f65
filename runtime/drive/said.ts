/** Reads what people say while a thread is driven: each time only what was recorded since the last. */
import type { Audit } from '../../domain/ports.ts';
import { NOTHING_SAID, type Said, saidAfter } from '../../domain/told.ts';

/** One call after the other, so that no record is taken twice. */
export function readSaid(audit: Pick<Audit, 'read'>, threadId: string): () => Promise<Said> {
  let known = NOTHING_SAID;
  let last: Promise<unknown> = Promise.resolve();
  const read = async (): Promise<Said> => {
    known = saidAfter(known, await audit.read({ threadId, afterSeq: known.seq }));
    return known;
  };
  return () => {
    const next = last.then(read, read);
    last = next;
    return next;
  };
}
