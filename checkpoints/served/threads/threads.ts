/** The threads of the server: what the list, the search and a look at one show. */
import type { Clock } from '../../../domain/ports.ts';
import type { Threads } from '../../../domain/served.ts';
import type { Sql } from '../../sql/transaction.ts';
import { copyThread } from './copy-thread.ts';
import { createThread } from './create-thread.ts';
import { decidedThreads } from './decided-threads.ts';
import { deleteThread, expireThreads } from './erase-thread.ts';
import { keepLatest } from './keep-latest.ts';
import { patchThread } from './patch-thread.ts';
import { countThreads, searchThreads } from './search-threads.ts';
import { settleThread } from './settle-thread.ts';
import { findThread } from './thread-row.ts';

export function createThreads(sql: Sql, clock: Clock): Threads {
  const stamp = (): string => new Date(clock.now()).toISOString();
  return {
    create: async (scope, thread) => sql.write(() => createThread(scope, thread, stamp())),
    get: async (scope, threadId) => sql.read(() => findThread(scope, threadId)),
    search: async (scope, filter, paging) => searchThreads(sql, scope, filter, paging),
    count: async (scope, filter) => countThreads(sql, scope, filter),
    patch: async (scope, threadId, patch) => sql.write(() => patchThread(scope, threadId, patch, stamp())),
    delete: async (scope, threadId) => sql.write(() => deleteThread(scope, threadId)),
    keepLatest: async (scope, threadId) => sql.write(() => keepLatest(scope, threadId)),
    copy: async (scope, threadId, newId, metadata) => sql.write(() => copyThread(scope, { threadId, newId, metadata, at: stamp() })),
    settle: async (threadId, end) => sql.write(() => settleThread(threadId, end, stamp())),
    decided: async (limit) => sql.read(() => decidedThreads(clock.now(), limit)),
    expire: async (limit) => sql.write(() => expireThreads(stamp(), limit)),
  };
}
