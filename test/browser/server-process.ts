/** `governor serve` as a process that dies and comes back at the same address. */
import { startProcess } from '../server/process.ts';
import { KEY, LANGGRAPH_JSON } from '../story/shop.ts';
import type { Served } from './governed-world.ts';

export interface MortalServer extends Served {
  /** Resolves when the process is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(): Promise<void>;
}

export async function inAnotherProcess(home: string): Promise<MortalServer> {
  const open = (port: number) => startProcess({ home, port, config: LANGGRAPH_JSON, env: KEY });
  let server = await open(0);
  const { url, port } = server;
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    await server.end(signal);
  };
  const start = async (): Promise<void> => {
    server = await open(port);
  };
  return { url, start, end, stop: () => end('SIGKILL') };
}
