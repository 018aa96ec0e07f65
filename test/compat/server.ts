/** A LangGraph server as a process: the official dev server or ours, over a copy of a project folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@langchain/langgraph-sdk';
import { until } from '../until.ts';

/** The official server gives up on the types of a graph after 30 s, which two busy cores may take. */
const PATIENT = { LANGGRAPH_SCHEMA_RESOLVE_TIMEOUT_MS: '120000' };

const root = new URL('../../', import.meta.url).pathname;
const modules = new URL('./node_modules', import.meta.url).pathname;
const official = join(modules, '.bin/langgraphjs');
export const PROJECT = new URL('./project', import.meta.url).pathname;

export type Kind = 'official' | 'governor';

export interface DevServer {
  readonly kind: Kind;
  readonly url: string;
  readonly client: Client;
  /** From the start of the process to its first answer. */
  readonly startMs: number;
  /** Resident memory of the process that serves: the largest of the group. */
  rssMiB(): number;
  /** Ends the whole group as a crash would. */
  kill(): Promise<void>;
  /** Kills it, and deletes what it kept. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Another port than a free one: for a server that comes back after a crash. */
  readonly port?: number;
  /** A folder of an earlier server, kept over its death; not deleted by `close`. */
  readonly home?: string;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A copy of the project in `folder`, with the packages of this package: what a server keeps beside it is nobody else's. */
export async function startServer(kind: Kind, folder = PROJECT, options: StartOptions = {}): Promise<DevServer> {
  const workspace = mkdtempSync(join(tmpdir(), 'governor-compat-'));
  const project = join(workspace, 'project');
  cpSync(folder, project, { recursive: true, filter: (path) => !path.endsWith('.langgraph_api') });
  symlinkSync(modules, join(workspace, 'node_modules'));
  const home = options.home ?? join(workspace, 'home');
  const server = await launch(kind, project, home, options);
  return {
    ...server,
    async close() {
      await server.kill();
      rmSync(workspace, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The official server over this repository's own `langgraph.json`. */
export function startDevServer(home: string): Promise<DevServer> {
  return launch('official', root, home, {});
}

/** `GOVERNOR_MAIN` names another build or the sources. */
function argvOf(kind: Kind, project: string, home: string, port: string): readonly string[] {
  if (kind === 'official') return [official, 'dev', '--port', port, '--host', '127.0.0.1', '--no-browser'];
  const main = process.env['GOVERNOR_MAIN'] ?? join(root, 'dist/cli/main.js');
  const loader = main.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [...loader, main, 'serve', '--config', join(project, 'langgraph.json'), '--host', '127.0.0.1', '--port', port, '--home', home];
}

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/ok`).then(
    (answer) => answer.ok,
    () => false,
  );

/** Up when it answers; its log is part of the error when it does not. */
async function launch(kind: Kind, project: string, home: string, options: StartOptions): Promise<DevServer> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const began = performance.now();
  const child = spawn(process.execPath, argvOf(kind, project, home, String(port)), {
    cwd: project,
    env: { ...process.env, GOVERNOR_HOME: home, LANGSMITH_TRACING: 'false', NO_COLOR: '1', ...PATIENT, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = `${log}${chunk.toString()}`.slice(-20_000);
    });
  const up = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`the ${kind} server ended:\n${log}`);
    return answers(url);
  };
  await until(up, `the ${kind} server`, { ms: 60_000, everyMs: 10, told: () => log }).catch(async (error: unknown) => {
    await stop(child);
    throw error;
  });
  return {
    kind,
    url,
    client: new Client({ apiUrl: url, apiKey: null }),
    startMs: performance.now() - began,
    rssMiB: () => largestRssMiB(child.pid ?? 0),
    kill: () => stop(child),
    close: () => stop(child),
  };
}

/** The whole group: the command starts a watcher, which starts the server. */
function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    process.kill(-child.pid, 'SIGKILL');
  });
}

/** Of all processes in a group, by its id. */
function largestRssMiB(group: number): number {
  let largest = 0;
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // After the name in brackets: state, parent, group.
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      if (Number(fields[2]) !== group) continue;
      largest = Math.max(largest, Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1] ?? 0) / 1024);
    } catch {
      // It ended meanwhile.
    }
  }
  return largest;
}
