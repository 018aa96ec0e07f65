/** `governor serve`: the LangGraph server on this home, until a signal drains it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { toError, UsageError } from '../../domain/errors.ts';
import { packageFile } from '../../runtime/package.ts';
import { openRuntime } from '../../runtime/runtime.ts';
import { readProject } from '../../server/project/config.ts';
import { blame } from '../../server/runs/uncaught.ts';
import { LIMITS, serve } from '../../server/serve.ts';
import type { CommonFlags, Io } from '../io.ts';

/** How long runs may go on after the first signal, in ms; a second signal ends them at once. */
const GRACE_MS = 10_000;
const STUDIO = 'https://smith.langchain.com/studio/?baseUrl=';

export interface ServeFlags extends CommonFlags {
  readonly host: string;
  readonly port: string;
  readonly concurrency?: string;
}

export async function serveCommand(io: Io, flags: ServeFlags): Promise<number> {
  // By itself V8 lets the heap double before it collects: 300 MiB after 4,000 small runs; so it stays under 200.
  setFlagsFromString('--heap-growing-percent=20');
  const config = projectFile(flags.config);
  applyEnv(readProject(config));
  const runtime = await openRuntime({ env: io.env, ...(flags.home === undefined ? {} : { home: flags.home }) });
  const asJson = flags.json === true;
  const log = (level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>> = {}): void => {
    if (flags.quiet === true && level === 'info') return;
    const at = new Date(runtime.clock.now()).toISOString();
    io.stderr(asJson ? `${JSON.stringify({ at, level, message, ...facts })}\n` : `${at} ${level}: ${message}\n`);
  };
  // What a graph left behind must not end the runs of all others.
  process.on('uncaughtException', (error) => {
    const runId = blame(toError(error));
    const whose = runId === undefined ? 'which no run can be told to have thrown; it ends the server' : `of run ${runId}`;
    log('error', `an exception that nobody caught, ${whose}: ${toError(error).message}`, { stack: toError(error).stack ?? '' });
    if (runId === undefined) process.exit(1);
  });
  process.on('unhandledRejection', (reason) => log('error', `a promise of a graph or a route failed unseen: ${toError(reason).message}`));
  const serving = await serve({
    runtime,
    host: flags.host,
    port: whole('--port', flags.port, 0, 65_535),
    config,
    limits: {
      ...LIMITS,
      concurrency: whole('--concurrency', flags.concurrency ?? io.env['N_JOBS_PER_WORKER'] ?? String(LIMITS.concurrency), 1, 1000),
    },
    log,
  });
  const { url, graphs, link } = serving;
  // The link holds a token: it is for the person at this terminal, and stands in no log.
  io.stdout(
    asJson
      ? `${JSON.stringify({ url, graphs, docs: `${url}/docs`, studio: `${STUDIO}${url}`, ...(link === undefined ? {} : { link }) })}\n`
      : `API     ${url}\nDocs    ${link ?? `${url}/docs`}\nStudio  ${STUDIO}${url}\nGraphs  ${graphs.join(', ')}\nHome    ${runtime.home}\n`,
  );
  await new Promise<void>((end) => {
    let signals = 0;
    const onSignal = (): void => {
      signals += 1;
      if (signals === 1) log('info', 'draining; a second signal ends the runs at once');
      serving.stop(signals === 1 ? GRACE_MS : 0).then(end, end);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  runtime.stores.close();
  return 0;
}

/** `--config`, else the `langgraph.json` of this folder, else this package's own: the governor and the builder. */
function projectFile(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  return existsSync('langgraph.json') ? resolve('langgraph.json') : packageFile('langgraph.json');
}

/** What is set already stays. @throws UsageError naming what the project needs and nobody set. */
function applyEnv(project: ReturnType<typeof readProject>): void {
  for (const [name, value] of Object.entries(project.env)) process.env[name] ??= value;
  const missing = project.required.filter((name) => process.env[name] === undefined);
  if (missing.length > 0)
    throw new UsageError(`${project.file}: env needs ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not set`);
}

function whole(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new UsageError(`${flag} ${JSON.stringify(text)}: must be a whole number from ${min} to ${max}`);
  return value;
}
