/** The official dev server as a process over this repository's `langgraph.json`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Client } from '@langchain/langgraph-sdk';

const root = new URL('../../', import.meta.url).pathname;
const command = new URL('./node_modules/.bin/langgraphjs', import.meta.url).pathname;

export interface DevServer {
  readonly client: Client;
  close(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Up when it answers; its log is part of the error when it does not. */
export async function startDevServer(home: string): Promise<DevServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [command, 'dev', '--port', String(port), '--host', '127.0.0.1', '--no-browser'], {
    cwd: root,
    env: { ...process.env, GOVERNOR_HOME: home, LANGSMITH_TRACING: 'false', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = `${log}${chunk.toString()}`.slice(-20_000);
    });
  for (let waited = 0; ; waited += 200) {
    const up = await fetch(`${url}/ok`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) break;
    if (waited > 60_000 || child.exitCode !== null) {
      await stop(child);
      throw new Error(`the dev server did not start:\n${log}`);
    }
    await new Promise((wake) => setTimeout(wake, 200));
  }
  return { client: new Client({ apiUrl: url }), close: () => stop(child) };
}

/** The whole group: the command starts a watcher, which starts the server. */
function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    process.kill(-child.pid, 'SIGKILL');
  });
}
