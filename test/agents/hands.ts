/** How a deterministic agent uses its tools, and reads what they answer. */
import { parse } from 'yaml';
import { z } from 'zod';
import type { TurnCall } from '../dialects/server.ts';
import type { Asked } from './brain.ts';

type Doing<Result> = Generator<TurnCall, Result, string>;

/** Places where a pattern stands. */
export function* search(pattern: string, glob?: string): Doing<{ path: string; line: number }[]> {
  const found = yield { name: 'search_files', arguments: { pattern, ...(glob === undefined ? {} : { glob }) } };
  return [...found.matchAll(/^([^\n:]+):(\d+):/gm)].map(([, path = '', line]) => ({ path, line: Number(line) }));
}

/** Every path. */
export function* list(): Doing<string[]> {
  const names = yield { name: 'list_files', arguments: {} };
  return names.split('\n').filter((name) => /^[\w./-]+$/.test(name));
}

/** The text of a file, without the numbers of its lines. */
export function* read(path: string): Doing<string> {
  const shown = yield { name: 'read_file', arguments: { path } };
  const lines = shown.split('\n').flatMap((line) => /^\s*\d+\t(.*)$/.exec(line)?.[1] ?? []);
  return `${lines.join('\n')}\n`;
}

export function* write(path: string, content: string): Doing<string> {
  return yield { name: 'write_file', arguments: { path, content } };
}

export function* edit(path: string, before: string, after: string): Doing<string> {
  return yield { name: 'edit_file', arguments: { path, old_text: before, new_text: after } };
}

export function* remove(path: string): Doing<string> {
  return yield { name: 'delete_file', arguments: { path } };
}

const configSchema = z.looseObject({ checks: z.array(z.looseObject({ run: z.array(z.string()) })) });
const ranSchema = z.looseObject({ exit_code: z.number().nullable(), stdout: z.string(), stderr: z.string() });

export interface Checked {
  readonly passed: boolean;
  /** What those said that failed. */
  readonly output: string;
}

/** The commands of the checks, as the repository names them. */
export function* checksOf(): Doing<string[][]> {
  const text = yield* read('governor.yaml');
  return configSchema.parse(parse(text)).checks.map((check) => check.run);
}

export function* runChecks(commands: readonly string[][]): Doing<Checked> {
  const failed: string[] = [];
  for (const argv of commands) {
    const ran = ranSchema.parse(JSON.parse(yield { name: 'run_command', arguments: { argv } }));
    if (ran.exit_code !== 0) failed.push(`${ran.stdout}\n${ran.stderr}`);
  }
  return { passed: failed.length === 0, output: failed.join('\n') };
}

/** One item over these paths. */
export const submitPlan = (summary: string, paths: readonly string[]): TurnCall => ({
  name: 'submit_plan',
  arguments: { summary, items: [{ id: 'change', title: summary.slice(0, 100), goal: summary, paths, done_when: ['the checks pass'] }] },
});

export const submitBuild = ({ tools }: Asked, summary: string): TurnCall => ({
  name: 'submit_build',
  arguments: { summary, ...(tools.get('submit_build')?.includes('status') === true ? { status: 'done' } : {}) },
});

export const submitReview: TurnCall = { name: 'submit_review', arguments: { verdict: 'pass', findings: [] } };
