/** The real `governor serve` in a process of its own, to be killed and started again on the same home and port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Client } from '@langchain/langgraph-sdk';
import { FLOWS } from './serving.ts';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly client: Client;
  stderr(): string;
  /** Sends the signal; resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string | null>;
}

/** @throws Error with what the process said when it ends before it serves. */
export async function startProcess(options: {
  home: string;
  port?: number;
  config?: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** A command that runs the server as its argument. */
  under?: readonly string[];
}): Promise<ServerProcess> {
  const [command = process.execPath, ...argv] = [
    ...(options.under ?? []),
    process.execPath,
    MAIN,
    'serve',
    '--home',
    options.home,
    '--config',
    options.config ?? FLOWS,
    '--port',
    String(options.port ?? 0),
    '--json',
    ...(options.args ?? []),
  ];
  const child = spawn(command, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: options.home, ...options.env },
  });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  const first = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>, // readline's event
    once(child, 'exit').then(() => {
      throw new Error(`the server ended: ${told}`);
    }),
  ]);
  const { url } = JSON.parse(first[0]) as { url: string }; // what serve --json prints
  return {
    url,
    port: Number(new URL(url).port),
    child,
    client: new Client({ apiUrl: url, apiKey: null, callerOptions: { maxRetries: 0 } }),
    stderr: () => told,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
      const exit = once(child, 'exit');
      child.kill(signal);
      const [code, by] = (await exit) as [number | null, string | null]; // node's event
      return code ?? by;
    },
  };
}

export interface Told {
  readonly id: number;
  readonly event: string;
  readonly data: string;
}

/** Reads SSE frames by hand, so that a cut stream gives what it had. `onEvent` may stop the reading by returning false. */
export async function readStream(
  url: string,
  after: number | undefined,
  onEvent: (event: Told) => boolean | undefined,
): Promise<'ended' | 'cut' | 'stopped'> {
  const stop = new AbortController();
  try {
    const response = await fetch(url, { headers: after === undefined ? {} : { 'last-event-id': String(after) }, signal: stop.signal });
    if (response.status !== 200 || response.body === null) return 'cut';
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
        const lines = text.slice(0, at).split('\n');
        text = text.slice(at + 2);
        const field = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const id = field('id');
        if (id === undefined) continue;
        if (onEvent({ id: Number(id), event: field('event') ?? '', data: field('data') ?? '' }) === false) {
          stop.abort();
          return 'stopped';
        }
      }
    }
    return 'ended';
  } catch {
    return 'cut';
  }
}
