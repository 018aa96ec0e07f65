/** The `governor` command in a process of its own, over the home of a world. */
import { spawn } from 'node:child_process';
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

/** Runs it to its end. Of the environment it has only the path, and what is given. */
export function governor(of: World, args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args, '--home', of.home], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { PATH: process.env['PATH'] ?? '', ...options.env },
    });
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
