/** `governor serve` as a process, from the sources, that dies and comes back at the same address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from '../compat/server.ts';
import { KEY, LANGGRAPH_JSON, type Served } from './governed-world.ts';

export interface MortalServer extends Served {
  /** Resolves when the process is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(): Promise<void>;
}

const MAIN = new URL('../../cli/main.ts', import.meta.url).pathname;

export async function inAnotherProcess(home: string): Promise<MortalServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const argv = ['--import', import.meta.resolve('tsx'), MAIN, 'serve', '--config', LANGGRAPH_JSON, '--port', String(port), '--home', home];
  let child: ChildProcess | undefined;
  const end = (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> =>
    new Promise((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, argv, {
      cwd: home,
      env: { ...process.env, ...KEY, NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const mine = child;
    let log = '';
    mine.stderr?.on('data', (chunk: Buffer) => {
      log = `${log}${chunk.toString()}`.slice(-20_000);
    });
    const up = (): Promise<boolean> =>
      fetch(`${url}/ok`).then(
        (answer) => answer.ok,
        () => false,
      );
    while (!(await up())) {
      if (mine.exitCode !== null) throw new Error(`the server did not start:\n${log}`);
      await new Promise((wake) => setTimeout(wake, 20));
    }
  };
  await start();
  return { url, start, end, stop: () => end('SIGKILL') };
}
