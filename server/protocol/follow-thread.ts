/** Follows a thread over all its runs, from its rows: at the reader's own pace, before the thread exists, and after any restart. */
import type { ThreadEvent } from '../../domain/thread-events.ts';
import type { Server } from '../context.ts';
import { channelsOf, type Filter, isWanted } from './filter.ts';
import { ASK_MS } from './sight.ts';

const HEARTBEAT_MS = 5000;
const PAGE = 200;
const PAGE_CHARACTERS = 256 * 1024;

export interface Following {
  readonly threadId: string;
  readonly filter: Filter;
  /** Does the thread exist for this reader? @throws Problem where the reader may read nothing any more. */
  readonly isSeen: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** Endless, until `signal` or the end of the server; `undefined` is a heartbeat. Of a thread that is not there, or not for this reader, nothing is told. */
export async function* followThread(server: Server, following: Following): AsyncGenerator<ThreadEvent | undefined> {
  const { threadId, filter, signal } = following;
  const { clock } = server.runtime;
  const follower = await server.threads.follow(threadId);
  const onAbort = (): void => follower.close();
  signal.addEventListener('abort', onAbort, { once: true });
  const heartbeatMs = server.limits.heartbeatMs ?? HEARTBEAT_MS;
  const cursor = { at: filter.since ?? 0, last: 0 };
  const seen = createSight(following, () => clock.monotonic());
  let quietSince = clock.monotonic();
  try {
    while (!signal.aborted) {
      const last = follower.last();
      // It was deleted and made again.
      if (last < cursor.last) cursor.at = 0;
      cursor.last = last;
      const isNow = await seen(last > 0);
      if (isNow && last > cursor.at)
        for await (const event of page(server, following, cursor)) {
          quietSince = clock.monotonic();
          yield event;
          if (signal.aborted) return;
        }
      if (isNow && follower.last() > cursor.at) continue;
      if (follower.isOver()) return;
      const quiet = clock.monotonic() - quietSince;
      if (quiet >= heartbeatMs) {
        quietSince = clock.monotonic();
        yield undefined;
      } else await follower.next(heartbeatMs - quiet);
    }
  } finally {
    follower.close();
    signal.removeEventListener('abort', onAbort);
  }
}

/** What is there after the cursor, up to the last number that is known, or as much of it as fits; moves the cursor. */
async function* page(
  { served }: Server,
  { threadId, filter }: Following,
  cursor: { at: number; readonly last: number },
): AsyncGenerator<ThreadEvent> {
  const rows = await served.threadEvents.read(threadId, {
    after: cursor.at,
    through: cursor.last,
    channels: channelsOf(filter),
    limit: PAGE,
    maxCharacters: PAGE_CHARACTERS,
  });
  for (const row of rows) {
    cursor.at = row.seq;
    if (isWanted(filter, row)) yield row;
  }
  if (rows.length === 0) cursor.at = cursor.last;
}

/** Asks when something appears, and from time to time: a row can change its owner, and a key can be revoked. */
function createSight({ isSeen }: Following, now: () => number): (exists: boolean) => Promise<boolean> {
  let known = false;
  let askedAt = now();
  return async (exists) => {
    const due = now() - askedAt >= ASK_MS;
    if (due || (exists && !known)) {
      askedAt = now();
      known = await isSeen();
    }
    return known;
  };
}
