/** A whole server in this process, on a free port and a home of its own, with the official SDK's client. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@langchain/langgraph-sdk';
import { openRuntime, type Runtime } from '../../runtime/runtime.ts';
import type { ServeLimits } from '../../server/context.ts';
import { LIMITS, type ServeOptions, type Serving, serve } from '../../server/serve.ts';

export interface TestServer {
  readonly url: string;
  readonly home: string;
  readonly client: Client;
  readonly serving: Serving;
  readonly runtime: Runtime;
  /** What the server logged as warnings and errors. */
  readonly logged: string[];
  /** A raw request; `body` is sent as JSON. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: unknown }>;
  stop(): Promise<void>;
}

export const FLOWS = new URL('fixtures/flows/langgraph.json', import.meta.url).pathname;

interface TestServerOptions {
  readonly home?: string;
  readonly config?: string;
  readonly limits?: Partial<ServeLimits>;
  readonly env?: Record<string, string | undefined>;
  readonly host?: string;
  readonly findTable?: ServeOptions['findTable'];
}

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'governor-server-'));
  const runtime = await openRuntime({ home, env: { PATH: process.env['PATH'] ?? '', ...options.env } });
  const logged: string[] = [];
  const serving = await serve({
    runtime,
    host: options.host ?? '127.0.0.1',
    port: 0,
    config: options.config ?? FLOWS,
    limits: { ...LIMITS, ...options.limits },
    findTable: options.findTable,
    log: (level, message) => {
      if (level !== 'info') logged.push(`${level}: ${message}`);
    },
  });
  const { url } = serving;
  return {
    url,
    home,
    serving,
    runtime,
    logged,
    client: new Client({ apiUrl: url, apiKey: null, callerOptions: { maxRetries: 0 } }),
    send: async (method, path, body, headers = {}) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      let parsed: unknown = text;
      try {
        parsed = JSON.parse(text);
      } catch {
        // an empty or a streamed answer
      }
      return { status: response.status, headers: response.headers, body: parsed };
    },
    stop: async () => {
      await serving.stop(0);
      runtime.stores.close();
      if (options.home === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}
