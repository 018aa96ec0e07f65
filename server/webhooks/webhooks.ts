/** Sends what waits in the outbox: signed, at least once, to checked addresses, with patience for targets that are down. */
import { createHmac } from 'node:crypto';
import { type LookupAddress, lookup } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { toError } from '../../domain/errors.ts';
import { failpoint } from '../../domain/failpoint.ts';
import type { Outbox, OutboxRow } from '../../domain/outbox.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Server } from '../context.ts';
import { Problem } from '../http/problem.ts';
import { createHostSlots } from './host-slots.ts';
import { addressFault, checkAllowList, checkWebhook, type WebhookPolicy } from './webhook-target.ts';

/** Requests under way at once. */
const SLOTS = 32;
const TIMEOUT_MS = 10_000;
/** Longer than a try takes: another process takes the row only when this one is gone. */
const HOLD_MS = 30_000;
/** Other processes put rows too and poke only themselves. */
const POLL_MS = 5000;
/** While rows wait for a slot of their host, when others come due is not known. */
const HELD_UP_MS = 1000;
const ANSWER_BYTES = 64 * 1024;
const MAX_TRIES = 10;
const FIRST_DELAY_MS = 1000;
const LAST_DELAY_MS = 600_000;
/** Gone: the target says that it wants no more. */
const GONE = 410;

interface Options {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Server['log'];
  readonly policy: WebhookPolicy;
  /** The project's own app; answers URLs that are paths. */
  readonly fetch?: ((request: Request) => Response | Promise<Response>) | undefined;
  /** The system's name service, unless a test stands in for it. */
  readonly resolve?: typeof lookup | undefined;
}

export interface Webhooks {
  /** A row was put: look now. */
  poke(): void;
  /** Starts nothing more, gives what is under way a moment, and leaves the rest to the next start. */
  stop(): Promise<void>;
}

/** @throws UsageError for an allow-list that means nothing. */
export function startWebhooks(options: Options): Webhooks {
  checkAllowList(options.policy.allow);
  const { outbox, log } = options;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const hosts = createHostSlots();
  const { poke, sleep, awake } = createSleep(stopping.signal);
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      awake();
      let waitMs = POLL_MS;
      try {
        const free = SLOTS - underWay.size;
        const rows = free > 0 ? await outbox.take({ all: free, perHost: hosts.perHost, room: hosts.room() }, HOLD_MS) : [];
        for (const row of rows) {
          hosts.begun(row.host);
          const sending = deliver(options, row, stopping.signal)
            .catch((error: unknown) => {
              log('error', `webhook ${row.id}: its end could not be written`, { error: toError(error).message });
              return undefined;
            })
            .then((answered) => {
              underWay.delete(sending);
              // Only where its host, or all, had no slot left may a row wait for this one.
              if (hosts.ended(row.host, answered) || underWay.size === SLOTS - 1) poke();
            });
          underWay.add(sending);
        }
        if (underWay.size < SLOTS) waitMs = Math.min(POLL_MS, (await outbox.nextDueMs()) ?? POLL_MS) || HELD_UP_MS;
      } catch (error) {
        log('error', 'webhooks: the outbox cannot be read', { error: toError(error).message });
      }
      await sleep(waitMs);
    }
  };
  const looping = loop();
  return {
    poke,
    stop: async () => {
      const timer = setTimeout(() => stopping.abort(new Error('the server stops')), underWay.size > 0 ? 1000 : 0);
      await Promise.race([Promise.all(underWay), new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))]);
      clearTimeout(timer);
      stopping.abort(new Error('the server stops'));
      poke();
      await looping;
      await Promise.all(underWay);
    },
  };
}

interface Sleep {
  readonly poke: () => void;
  /** What was poked for before is looked at now. */
  readonly awake: () => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A pause that a poke ends, or keeps from beginning when it came before. */
function createSleep(stopping: AbortSignal): Sleep {
  let poked = false;
  let wake: () => void = () => undefined;
  return {
    poke: () => {
      poked = true;
      wake();
    },
    awake: () => {
      poked = false;
    },
    sleep: (ms) =>
      new Promise((resolve) => {
        if (poked || stopping.aborted) return resolve();
        const timer = setTimeout(resolve, ms);
        timer.unref();
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

/**
 * One try and what follows from it. A try that the server's stop cut is no try: its hold runs out.
 * @returns whether the target answered, whatever it said; undefined: it was not asked.
 */
async function deliver(options: Options, row: OutboxRow, stopping: AbortSignal): Promise<boolean | undefined> {
  const { outbox, log } = options;
  const outcome = await attempt(options, row, stopping);
  if (outcome === 'sent') {
    failpoint('webhook:send:after');
    await outbox.sent(row);
    log('info', 'webhook sent', { run_id: row.runId, webhook: row.id, tries: row.tries + 1 });
    return true;
  }
  if (stopping.aborted) return undefined;
  const last = outcome.final || row.tries + 1 >= MAX_TRIES;
  const ceiling = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** row.tries);
  // Half of it by chance, so that the many webhooks of one outage do not come back together.
  const delayMs = last ? null : Math.max(FIRST_DELAY_MS, ceiling * (0.5 + Math.random() / 2));
  await outbox.failed(row, outcome.error, delayMs);
  log(last ? 'error' : 'warn', last ? 'webhook given up' : 'webhook failed', {
    run_id: row.runId,
    webhook: row.id,
    tries: row.tries + 1,
    error: outcome.error,
  });
  return outcome.answered;
}

interface Failed {
  readonly error: string;
  readonly final: boolean;
  readonly answered: boolean | undefined;
}

async function attempt(options: Options, row: OutboxRow, stopping: AbortSignal): Promise<'sent' | Failed> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    // Again at every try: the operator may have changed the list since.
    const target = checkWebhook(row.url, options.policy);
    const headers = headersOf(row, options.policy.secret, Math.floor(options.clock.now() / 1000));
    failpoint('webhook:send:before');
    const status =
      'path' in target
        ? await postToApp(options, target.path, { headers, body: row.body, signal })
        : await postToUrl(options, target.url, { headers, body: row.body, signal });
    if (status >= 200 && status < 300) return 'sent';
    return { error: `the target answered ${status}`, final: status === GONE, answered: true };
  } catch (error) {
    if (error instanceof Problem) return { error: error.message, final: true, answered: undefined };
    const fault = signal.aborted ? toError(signal.reason) : toError(error);
    return { error: fault.name === 'TimeoutError' ? `no answer in ${TIMEOUT_MS} ms` : fault.message, final: false, answered: false };
  }
}

/** As the Standard Webhooks specification says; the id is the same at every try. */
function headersOf(row: OutboxRow, secret: string | undefined, seconds: number): Record<string, string> {
  const id = `msg_${row.runId}_${row.id}`;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'governor',
    'idempotency-key': id,
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
  };
  if (secret === undefined) return headers;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
  headers['webhook-signature'] = `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${row.body}`).digest('base64')}`;
  return headers;
}

interface Post {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly signal: AbortSignal;
}

async function postToApp({ fetch }: Options, path: string, { headers, body, signal }: Post): Promise<number> {
  if (fetch === undefined) throw new Problem(422, `webhook ${JSON.stringify(path)}: a path needs an http.app in langgraph.json`);
  const cut = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(toError(signal.reason)), { once: true });
  });
  const post = async (): Promise<Response> => fetch(new Request(new URL(path, 'http://localhost'), { method: 'POST', headers, body }));
  const response = await Promise.race([cut, post()]);
  await response.body?.cancel();
  return response.status;
}

/** The status of the answer. Follows no redirect; connects to the very address that was checked. */
function postToUrl(options: Options, url: URL, { headers, body, signal }: Post): Promise<number> {
  const post = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = post(url, { method: 'POST', headers, signal, agent: false, lookup: checkedLookup(options, url) }, (response) => {
      const status = response.statusCode ?? 0;
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES) response.destroy();
      });
      response.on('error', () => undefined);
      // The status was said, however the rest of the answer ends.
      response.on('close', () => resolve(status));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The system's look-up, whose every address must pass: one private address among public ones is how rebinding begins. */
function checkedLookup({ policy, resolve = lookup }: Options, url: URL): LookupFunction {
  return (hostname, wanted, callback) => {
    resolve(hostname, { ...wanted, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, []);
      const fault = addresses.map(({ address }) => addressFault(url, address, policy)).find((rule) => rule !== undefined);
      const first = addresses[0];
      if (fault !== undefined || first === undefined) return callback(new Error(fault ?? `${hostname} has no address`), []);
      if (wanted.all === true) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}
