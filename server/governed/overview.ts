/** What a person sees first: what runs, what waits for whom, what stopped, and what it has cost. */
import type { Scope } from '../../domain/served.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { Server } from '../context.ts';
import { GOVERNOR } from './graph.ts';

/** It looks at so many of the newest threads, however many there are. */
const LOOKED_AT = 200;
const SHOWN = 20;

export async function overview(server: Server, scope: Scope): Promise<Record<string, unknown>> {
  const { runtime, served } = server;
  const { runs, ledger, approvals } = runtime.stores;
  const operations = operationsOf(runtime);
  const page = await served.threads.search(
    scope,
    { metadata: { graph_id: GOVERNOR } },
    { limit: LOOKED_AT, offset: 0, sortBy: 'created_at', sortOrder: 'desc' },
  );
  const found = await Promise.all(page.rows.map(({ threadId }) => runs.get(threadId)));
  const rows = found.filter((row) => row !== undefined);
  const byStatus: Record<string, number> = {};
  let costMicroUsd = 0;
  for (const row of rows) {
    byStatus[row.status] = (byStatus[row.status] ?? 0) + 1;
    const { settled, reserved } = await ledger.totals(row.threadId, 'run');
    costMicroUsd += settled.costMicroUsd + reserved.costMicroUsd;
  }
  const ids = new Set(rows.map((row) => row.threadId));
  const pending = (await approvals.list({ status: 'pending' })).filter((row) => ids.has(row.threadId));
  return {
    total: page.total,
    looked_at: rows.length,
    by_status: byStatus,
    cost_micro_usd: costMicroUsd,
    waiting: pending.slice(-SHOWN).map((row) => ({
      approval_id: row.id,
      thread_id: row.threadId,
      gate: row.gate,
      subject: row.subject.digest,
      required_role: row.required.role,
      since: row.createdAt,
    })),
    threads: await Promise.all(
      rows.slice(0, SHOWN).map(async (row) =>
        // One whose files are damaged does not hide the others.
        operations.result(row).catch(() => ({ thread_id: row.threadId, status: row.status, stage: row.stage })),
      ),
    ),
  };
}
