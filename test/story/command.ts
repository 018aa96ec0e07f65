/** The `governor` command in a process of its own, over the home of a world. */
import { type ChildProcess, spawn } from 'node:child_process';
import { run } from '../../cli/main.ts';
import type { RunResult } from '../../domain/run.ts';
import type { World } from './world.ts';

const cli = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export interface Said {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
  /** The last line of stdout, parsed. */
  readonly result: Partial<RunResult>;
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  /** Told of the process, to signal it. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs it to its end. Of the environment it has only the path, and what is given. */
export const governor = (of: World, args: readonly string[], options: Surroundings = {}): Promise<Said> =>
  said([...args, '--home', of.home], options);

/** The same without a home. */
export function said(args: readonly string[], options: Surroundings = {}): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { PATH: process.env['PATH'] ?? '', ...options.env },
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    options.onStart?.(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('close', (code) => {
      const last = output.trim().split('\n').at(-1) ?? '';
      resolve({ code, output, errors, result: last.startsWith('{') ? (JSON.parse(last) as RunResult) : {} }); // what --json prints
    });
  });
}

/** The command in this process, without what starts it: quicker by a second. */
export async function inProcess(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Omit<Said, 'result'>> {
  let output = '';
  let errors = '';
  const code = await run(args, {
    stdout: (text) => (output += text),
    stderr: (text) => (errors += text),
    env,
    isTTY: false,
    size: () => ({ columns: 80, rows: 24 }),
  });
  return { code, output, errors };
}
