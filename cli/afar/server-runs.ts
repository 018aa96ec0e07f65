/** The runs of a server, as the commands ask for them: the same data as in its home, over HTTP, with the rights of who asks. */
import { UsageError } from '../../domain/errors.ts';
import type { RunResult } from '../../domain/run.ts';
import type { Created, DecideOptions, DriveOptions, LiveText } from '../../runtime/options.ts';
import { packageVersion } from '../../runtime/package.ts';
import type { RunOptions, Runs } from '../runs.ts';
import { infoSchema, jsonOf, readersOf, textOf } from './answers.ts';
import { type Exchange, type ExchangeOptions, firstQuestion, openExchange, pause } from './exchange.ts';
import { shown } from './faults.ts';
import { followStream } from './follow.ts';
import { type GivenFlags, nextAfar, pastedAfar } from './printed-commands.ts';

/** How often it looks how a run stands, in ms. */
const LOOK_MS = 400;
/** A thread that nobody is about to run for so long is left alone, in ms: a server that restarts takes it up again sooner. */
const DEAD_MS = 30_000;
const PAGE = 500;
const LOG_PAGE = 2000;
/** Runs, and entries of one run's log or trail, that are read at most. */
const MAX_ROWS = 1_000_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface ServerOptions extends ExchangeOptions {
  readonly given: GivenFlags;
}

/** What `/info` of a Governor says. @throws UsageError where something else answers, or one without these routes. */
export async function greet(options: ExchangeOptions) {
  const { server } = options;
  const info = infoSchema.safeParse(jsonOf(server, await firstQuestion(options)));
  if (!info.success) throw new UsageError(`server ${server}: is no Governor: its /info names none; check the URL`);
  const { governor } = info.data;
  if (governor.command_line === undefined)
    throw new UsageError(
      `server ${server}: is Governor ${shown(governor.version).slice(0, 50)}, which does not know the command line from afar yet; this is ${packageVersion()}: bring the server up to it`,
    );
  return governor;
}

/** The server, of which is known that it is a Governor. */
interface Server {
  readonly exchange: Exchange;
  readonly read: ReturnType<typeof readersOf>;
  readonly writing: Map<string, readonly LiveText[]>;
}

/** @throws UsageError where no Governor answers. */
export async function openServerRuns(options: ServerOptions): Promise<Runs> {
  await greet(options);
  const server: Server = { exchange: openExchange(options), read: readersOf(options.server), writing: new Map() };
  const toRest = (word: string, drives: DriveOptions = {}) => untilRest(server, word, drives);
  return {
    ...reading(server),
    ...following(server),
    ...changing(server),
    drive: toRest,
    goOn: toRest,
    writing: (threadId) => server.writing.get(threadId) ?? [],
    detach: () => undefined,
    pasted: (text) => pastedAfar(text, options.given),
    next: (text) => nextAfar(text, options.given),
    onInterrupt: 'leaving; the run goes on, on the server',
    close: async () => undefined,
  };
}

const json = async ({ exchange }: Server, path: string): Promise<unknown> => jsonOf(exchange.server, await exchange.get(path));
const text = async ({ exchange }: Server, path: string): Promise<string> => textOf(exchange.server, await exchange.get(path));

/** The path of the thread that a word names. */
async function at(server: Server, word: string | { readonly threadId: string }): Promise<string> {
  const name = typeof word === 'string' ? word : word.threadId;
  const id = UUID.test(name) ? name : server.read.found(await json(server, `/governor/find?thread=${encodeURIComponent(name)}`)).thread_id;
  return `/governor/threads/${id}`;
}

type Word = Parameters<Runs['result']>[0];

function reading(server: Server) {
  const { read } = server;
  const ofThread =
    <T>(path: string, as: (value: unknown) => T) =>
    async (word: Word): Promise<T> =>
      as(await json(server, `${await at(server, word)}${path}`));
  return {
    result: ofThread('', read.result),
    told: ofThread('/comments', read.comments),
    isLive: async (word: Word) => (await ofThread('/live', read.live)(word)).live,
    gate: async (word: Word) => (await ofThread('/gate', read.gate)(word)) ?? undefined,
    files: ofThread('/files', read.files),
    list: () => allResults(server),
    pending: async () => read.pending(await json(server, '/governor/pending')),
    explain: async (word: Word) => text(server, `${await at(server, word)}/explain`),
    diff: async (word: Word) => text(server, `${await at(server, word)}/diff`),
    file: async (word: Word, path: string) => text(server, `${await at(server, word)}/files/${encodeURIComponent(path)}`),
  } satisfies Partial<Runs>;
}

/** Page by page; a run that began meanwhile moves the others, and none is told twice. */
async function allResults(server: Server): Promise<RunResult[]> {
  const found = new Map<string, RunResult>();
  for (let offset = 0; ; offset += PAGE) {
    const page = server.read.results(await json(server, `/governor/threads?limit=${PAGE}&offset=${offset}`));
    const before = found.size;
    for (const result of page) if (!found.has(result.thread_id)) found.set(result.thread_id, result);
    if (page.length < PAGE) return [...found.values()];
    // Else it gives the same page for ever.
    if (found.size === before) throw new UsageError(`server ${server.exchange.server}: gives the same page of its list again and again`);
    assertEnds(server, found.size);
  }
}

function following(server: Server) {
  const { exchange, read } = server;
  return {
    audit: async (threadId: string) => {
      const path = `${await at(server, threadId)}/audit?limit=${LOG_PAGE}`;
      return paged(server, async (after) => read.audit(await json(server, `${path}&after=${after}`)), 0);
    },
    log: async (word, { agent, after = -1 } = {}) => {
      const query = `/log?limit=${LOG_PAGE}${agent === undefined ? '' : `&agent=${encodeURIComponent(agent)}`}`;
      const path = await at(server, word);
      return paged(server, async (seq) => read.log(await json(server, `${path}${query}&after=${seq}`)), after);
    },
    follow: async (threadId, onRecord, signal) => {
      const onEvent = ({ event, data }: { event: string; data: unknown }): boolean => {
        if (event === 'audit') onRecord(read.auditRecord(data));
        else if (event === 'writing') server.writing.set(threadId, read.writing(data));
        return false;
      };
      await followStream(exchange, { path: `${await at(server, threadId)}/follow?of=audit`, onEvent, signal });
    },
    followLog: async (word, { agent, onEvent: tell, signal }) => {
      let end: 'rested' | 'dead' = 'rested';
      const onEvent = ({ event, data }: { event: string; data: unknown }): boolean => {
        if (event === 'log') tell(read.logEvent(data));
        else if (event === 'end') end = read.end(data).end;
        return event === 'end';
      };
      const query = agent === undefined ? '' : `&agent=${encodeURIComponent(agent)}`;
      const told = await followStream(exchange, { path: `${await at(server, word)}/follow?of=log${query}`, onEvent, signal });
      return told === 'left' ? 'left' : end;
    },
  } satisfies Partial<Runs>;
}

/** @throws UsageError for a list without end. */
function assertEnds({ exchange }: Server, rows: number): void {
  if (rows > MAX_ROWS)
    throw new UsageError(`server ${exchange.server}: its list has more than ${MAX_ROWS} rows; look in the home of the server`);
}

/** Items of one `seq` come together, so a page ends with the last of one. */
async function paged<T extends { readonly seq: number }>(
  server: Server,
  read: (after: number) => Promise<T[]>,
  from: number,
): Promise<T[]> {
  const all: T[] = [];
  for (let after = from; ; ) {
    const page = await read(after);
    all.push(...page);
    assertEnds(server, all.length);
    const last = page.at(-1);
    if (page.length < LOG_PAGE || last === undefined || last.seq <= after) return all;
    after = last.seq;
  }
}

function changing(server: Server) {
  const { exchange, read } = server;
  const post = async (path: string, body?: unknown): Promise<unknown> => jsonOf(exchange.server, await exchange.post(path, body));
  return {
    create: async (options: RunOptions) => started(server, options, post),
    decide: async (threadId: string, options: DecideOptions) => {
      const gate = read.gate(await json(server, `${await at(server, threadId)}/gate`));
      if (gate === null) throw new UsageError(`thread ${threadId}: no approval is pending`);
      const { addMicroUsd, ...decision } = options;
      const more = addMicroUsd === undefined ? {} : { add_usd: (addMicroUsd / 1_000_000).toFixed(6) };
      return post(`/governor/approvals/${gate.row.id}`, { ...decision, ...more });
    },
    cancel: async (word) => read.result(await post(`${await at(server, word)}/cancel`)),
    tell: async (word, said) => read.comment(await post(`${await at(server, word)}/comments`, said)),
  } satisfies Partial<Runs>;
}

/** What a server decides itself, or cannot read. */
const OF_THE_HOME: readonly (readonly [keyof RunOptions, string, string])[] = [
  ['base', '--base', 'a server starts from the tip of release.branch'],
  ['configFile', '--config', 'a server takes the governor.yaml of the base'],
  ['scriptFile', '--script', 'a server takes no scripted replies'],
];

async function started(server: Server, options: RunOptions, post: (path: string, body: unknown) => Promise<unknown>): Promise<Created> {
  const { goal, repo } = options;
  for (const [option, flag, why] of OF_THE_HOME)
    if (options[option] !== undefined) throw new UsageError(`${flag}: ${why}; leave it out, or run in the home of the server`);
  const answer = await post('/governor/threads', { goal, ...(repo === undefined ? {} : { repo }) }).catch((thrown: unknown) => {
    throw ofRepo(thrown, repo);
  });
  const created = server.read.started(answer);
  return {
    threadId: created.thread_id,
    worstCaseMicroUsd: created.worst_case_micro_usd,
    limits: created.limits,
    warnings: created.warnings,
    sandbox: created.sandbox,
    canned: created.canned,
  };
}

/** A path here says nothing there. */
function ofRepo(thrown: unknown, repo: string | undefined): unknown {
  if (!(thrown instanceof UsageError) || !thrown.message.startsWith('--repo') || !/[./\\]/.test(repo ?? '')) return thrown;
  return new UsageError(`${thrown.message}; a path of this machine is none of the server's`, thrown.code);
}

/** Waits while the server runs the thread, or is about to; leaves when asked, and the run goes on. */
async function untilRest(server: Server, word: string, { signal, drain, onText }: DriveOptions): Promise<RunResult> {
  const path = await at(server, word);
  const threadId = path.slice(path.lastIndexOf('/') + 1);
  const leaving = AbortSignal.any([signal, drain].filter((one) => one !== undefined));
  let deadSince: number | undefined;
  let last: RunResult | undefined;
  for (;;) {
    const looked = await standing(server, path, last === undefined ? undefined : leaving).catch((thrown: unknown) => thrown);
    // Who leaves while the server is away is told what was known of it.
    if (looked instanceof Error && leaving.aborted && last !== undefined) return last;
    if (!isStanding(looked)) throw looked;
    const { result, live } = looked;
    last = result;
    for (const writing of server.writing.get(threadId) ?? []) onText?.(writing);
    const decided = result.status === 'waiting' && result.waiting === null;
    const rests = !live && result.status !== 'running' && !decided;
    deadSince = live ? undefined : (deadSince ?? performance.now());
    if (rests || leaving.aborted || (deadSince !== undefined && performance.now() - deadSince > DEAD_MS)) return result;
    await pause(LOOK_MS, leaving);
  }
}

interface Standing {
  readonly result: RunResult;
  readonly live: boolean;
}
const isStanding = (looked: unknown): looked is Standing => typeof looked === 'object' && looked !== null && 'result' in looked;

async function standing({ exchange, read }: Server, path: string, signal: AbortSignal | undefined): Promise<Standing> {
  const look = async (place: string): Promise<unknown> => jsonOf(exchange.server, await exchange.get(place, signal));
  const result = read.result(await look(path));
  return { result, live: read.live(await look(`${path}/live`)).live };
}
