/** One run from its claim to its end: its lease is kept, its events are written, and its end, whatever it is. */
import { z } from 'zod';
import { FencedError, toError } from '../../domain/errors.ts';
import { runWebhook } from '../../domain/run-webhook.ts';
import type { RunEnd, ServedRun } from '../../domain/served.ts';
import { toJson } from '../http/endpoint.ts';
import { openTeller } from '../protocol/teller.ts';
import { attempt, type Claimed } from './attempt.ts';
import type { RunKwargs } from './execute.ts';
import { Stopped } from './stopped.ts';
import { createWriter } from './writer.ts';

const HEARTBEAT_MS = 1000;

const failureSchema = z.object({ message: z.string() });

export async function work(claimed: Claimed): Promise<void> {
  const { server, run, lease, abort } = claimed;
  const { queue } = server.served;
  const kwargs = run.kwargs as unknown as RunKwargs; // written by the runs route
  const writer = createWriter(server.served.events, server.wakes, lease, server.limits.runEventBytes);
  const beat = async (): Promise<void> => {
    const answer = await queue.heartbeat(lease);
    if (answer === 'lost') abort.abort(new FencedError(lease.threadId, lease.epoch));
    else if (answer !== 'held') abort.abort(new Stopped(answer));
  };
  // A beat that cannot be written stops nothing: every write is fenced, and the run's own will tell what is wrong.
  const missed = (error: unknown): void => server.log('warn', `run ${run.runId}: no heartbeat: ${toError(error).message}`);
  const heartbeat = setInterval(() => void beat().catch(missed), HEARTBEAT_MS);
  const limit = server.limits.runMs > 0 ? setTimeout(() => abort.abort(new Stopped('timeout')), server.limits.runMs) : undefined;
  try {
    // What was asked while nobody held it: a cancel of a run whose worker died.
    if (lease.again) await beat().catch(missed);
    const teller = await openTeller(server, run, lease);
    const end = await attempt(claimed, kwargs, { writer, teller });
    if (end === 'drain') {
      await teller?.flush();
      await queue.giveBack(lease);
      return;
    }
    await writer.flush();
    const told = await teller?.end(end);
    await queue.finish(lease, { ...end, told, webhook: webhookOf(run, kwargs, end, new Date(server.runtime.clock.now()).toISOString()) });
    if (told !== undefined) await server.threads.look(run.threadId);
    if (kwargs.webhook !== undefined) server.pokeWebhooks();
  } catch (error) {
    // Another process has taken the run over: it is no longer ours to end.
    if (error instanceof FencedError || abort.signal.reason instanceof FencedError) return;
    throw error;
  } finally {
    clearInterval(heartbeat);
    clearTimeout(limit);
  }
}

/** The run as its webhook is told of it. */
function webhookOf(run: ServedRun, kwargs: RunKwargs, end: RunEnd, endedAt: string): RunEnd['webhook'] {
  if (kwargs.webhook === undefined) return undefined;
  const failure = failureSchema.safeParse(end.error);
  const body = toJson(
    runWebhook(run, {
      status: end.status,
      values: end.values,
      error: failure.data?.message,
      // The claim was the last change of its row.
      startedAt: run.updatedAt,
      endedAt,
    }),
  );
  return { url: kwargs.webhook, body };
}
