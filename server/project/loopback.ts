/** How graphs of the project reach the server that runs them: LangGraph's own symbols for its API and its log. */
import type { Hono } from 'hono';
import type { Server } from '../context.ts';

/**
 * Existing graphs reach their own server, and its log, by these symbols; they must be set before graphs load.
 * The returned function gives the application once it is there.
 */
export function announceLoopback(log: Server['log']): (app: Hono) => void {
  let app: Hono | undefined;
  const call = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (app === undefined) throw new Error('the server is still starting');
    return app.fetch(new Request(typeof input === 'string' ? new URL(input, 'http://localhost') : input, init));
  };
  const told = (level: 'info' | 'warn' | 'error') => (message: unknown, facts?: Readonly<Record<string, unknown>>) =>
    log(level, String(message), facts);
  const logger = { debug: () => undefined, info: told('info'), warn: told('warn'), error: told('error') };
  Object.assign(globalThis, { [Symbol.for('langgraph_api:fetch')]: call, [Symbol.for('langgraph.api.sdk-logger')]: logger });
  return (made) => {
    app = made;
  };
}
