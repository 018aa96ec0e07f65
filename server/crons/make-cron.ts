/** Makes and changes crons: all that a tick would be refused for, and can be known now, is refused now. */
import { randomUUID } from 'node:crypto';
import type { CronPatch, CronRow } from '../../domain/crons.ts';
import type { Json, Scope } from '../../domain/served.ts';
import { assertNoSecret } from '../../runtime/goal.ts';
import { keptOf } from '../auth/kept-caller.ts';
import type { Server } from '../context.ts';
import type { Call } from '../http/endpoint.ts';
import { runIdOfKey } from '../http/idempotency.ts';
import { Problem } from '../http/problem.ts';
import { findAssistant } from '../project/find-assistant.ts';
import { needThread } from '../threads/thread-graph.ts';
import { checkWebhook } from '../webhooks/webhook-target.ts';
import { type CronChange, type CronCreate, payloadOf } from './cron-body.ts';
import { cronScope } from './cron-scope.ts';
import { checkSchedule, type Schedule, tickAfter } from './schedule.ts';

/** Of the run that a cron puts, as JSON, in characters: crons are many, and stay. */
const MAX_PAYLOAD = 256 * 1024;

/** `threadId` null: each tick has a thread of its own. @throws Problem 403, 404, 409, 422. */
export async function makeCron(server: Server, call: Call, body: CronCreate, threadId: string | null): Promise<CronRow> {
  // The same request again makes no second one, also where its first answer was lost.
  const keyed = runIdOfKey(call, 0);
  const known = keyed === undefined ? undefined : await server.served.crons.get(call.scope, keyed);
  if (known !== undefined) return known;
  const cronId = keyed ?? randomUUID();
  const metadata: Json = { ...body.metadata };
  const asked = { cron_id: cronId, thread_id: threadId, schedule: body.schedule, end_time: isoOf(body.end_time), metadata };
  const asking = {
    ...asked,
    payload: payloadOf(body),
    user_id: call.caller.person.id,
    // As of a run, for the handlers of threads.
    assistant_id: body.assistant_id,
    kwargs: { input: body.input ?? null, command: null, config: body.config ?? {} },
  };
  const scope = await cronScope(call, 'create', asking);
  const when: Schedule = { schedule: body.schedule.trim(), timezone: body.timezone ?? null, endAt: body.end_time ?? null };
  const enabled = body.enabled ?? true;
  const dueAt = dueOf(server, when, enabled);
  const payload: Json = { ...payloadOf(body), assistant_id: body.assistant_id };
  const runs = await runnable(server, call, { assistantId: body.assistant_id, threadId, payload });
  if (threadId !== null && (body.on_run_completed ?? null) !== null)
    throw new Problem(422, 'on_run_completed: is for crons without a thread; the thread of this one is kept');
  const { perCaller, all } = server.cronLimits;
  return server.served.crons.create(
    {
      cronId,
      tenant: scope.tenant,
      threadId,
      ...runs,
      ...when,
      enabled,
      onRunCompleted: threadId === null ? (body.on_run_completed ?? 'delete') : null,
      payload: { ...payload, assistant_id: runs.assistantId },
      // As the auth handler stamped it.
      metadata: asking.metadata,
      dueAt,
      ...madeBy(call),
    },
    { perOwner: perCaller, all },
  );
}

/** Whoever changes a cron is from then on whom its runs are made as: nobody gets another one's rights by it. */
export async function changeCron(server: Server, call: Call, scope: Scope, { cron, body }: Change): Promise<CronRow> {
  const when: Schedule = {
    schedule: body.schedule?.trim() ?? cron.schedule,
    timezone: body.timezone === undefined ? cron.timezone : body.timezone,
    endAt: body.end_time === undefined ? cron.endAt : body.end_time,
  };
  const enabled = body.enabled ?? cron.enabled;
  const payload: Json = { ...cron.payload, ...payloadOf(body) };
  const { graphId } = await runnable(server, call, { assistantId: cron.assistantId, threadId: cron.threadId, payload });
  if (cron.threadId !== null && (body.on_run_completed ?? null) !== null)
    throw new Problem(422, 'on_run_completed: is for crons without a thread; the thread of this one is kept');
  const dueAt = dueOf(server, when, enabled);
  // Else a tick that is due just now would be lost.
  const stays = enabled && cron.enabled && cron.dueAt !== null && isSame(when, cron);
  const patch: CronPatch = {
    ...when,
    enabled,
    payload,
    graphId,
    metadata: { ...cron.metadata, ...body.metadata },
    ...(stays ? {} : { dueAt }),
    ...(body.on_run_completed === undefined || body.on_run_completed === null ? {} : { onRunCompleted: body.on_run_completed }),
    ...madeBy(call),
  };
  return server.served.crons.patch(scope, cron.cronId, patch);
}

const isSame = (one: Schedule, other: Schedule): boolean =>
  one.schedule === other.schedule && one.timezone === other.timezone && one.endAt === other.endAt;

interface Change {
  readonly cron: CronRow;
  readonly body: CronChange;
}

const isoOf = (ms: number | null | undefined): string | undefined =>
  ms === null || ms === undefined ? undefined : new Date(ms).toISOString();

const madeBy = ({ caller }: Call): Pick<CronRow, 'owner' | 'caller'> => ({ owner: caller.person.id, caller: keptOf(caller) });

/** A cron that is switched off may have any end. @throws Problem 422. */
function dueOf({ runtime, cronLimits }: Server, when: Schedule, enabled: boolean): number | null {
  const nowMs = runtime.clock.now();
  checkSchedule(enabled ? when : { ...when, endAt: null }, { nowMs, minIntervalMs: cronLimits.minIntervalSeconds * 1000 });
  return enabled ? tickAfter(when, nowMs) : null;
}

interface Wanted {
  readonly assistantId: string;
  readonly threadId: string | null;
  readonly payload: Json;
}

/** The assistant that there is and the caller may use, on a thread that they see, telling a webhook that may be told. @throws Problem. */
async function runnable(
  server: Server,
  call: Call,
  { assistantId, threadId, payload }: Wanted,
): Promise<Pick<CronRow, 'assistantId' | 'graphId'>> {
  const assistant = await findAssistant(server, await call.allowed('assistants', 'read', { assistant_id: assistantId }), assistantId);
  const { graphId } = assistant;
  const served = server.graphs.get(graphId);
  if (served === undefined) throw new Problem(404, `graph ${JSON.stringify(graphId)} of assistant ${assistant.assistantId} is not served`);
  if (call.caller.graphs !== undefined && !call.caller.graphs.includes(graphId))
    throw new Problem(403, `${call.caller.person.id} may use ${call.caller.graphs.join(', ')}, not ${graphId}`);
  if (threadId !== null) await needThread(server, await call.allowed('threads', 'read', { thread_id: threadId }), threadId);
  const { webhook } = payload;
  const { length } = JSON.stringify(payload);
  if (length > MAX_PAYLOAD)
    throw new Problem(422, `body: the run of a cron has ${length} characters (at most ${MAX_PAYLOAD}); keep what is large in the store`);
  if (typeof webhook === 'string') checkWebhook(webhook, server.webhookPolicy);
  if (served.governs !== undefined || served.begin !== undefined)
    for (const name of ['input', 'config', 'context']) assertNoSecret(server.runtime.env, name, payload[name]);
  return { assistantId: assistant.assistantId, graphId };
}
