/** Drives a thread in a process of its own and kills it with SIGKILL. */
import { spawn } from 'node:child_process';

const driver = new URL('./drive.ts', import.meta.url).pathname;

/** Kills `ms` after the process is up; true when it ended by itself before. */
export function driveAndKill(home: string, threadId: string, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', driver, home, threadId], { stdio: ['ignore', 'pipe', 'inherit'] });
    let timer: NodeJS.Timeout | undefined;
    child.stdout.once('data', () => {
      timer = setTimeout(() => child.kill('SIGKILL'), ms);
    });
    child.on('exit', (_code, signal) => {
      clearTimeout(timer);
      resolve(signal === null);
    });
  });
}
