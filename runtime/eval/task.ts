/** A task of an evaluation: a repository, a goal, the end that is right, and checks that no agent sees. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { type Config, configSchema } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import { digestOf, sha256 } from '../../domain/ids.ts';
import { faultsOf } from '../../domain/patterns.ts';
import { isReasonCode, type ReasonCode } from '../../domain/reasons.ts';
import { argv, duration, id } from '../../domain/written-values.ts';
import { checkExamples, patternProblems } from '../../tools/globs.ts';
import { CONFIG_NAME } from '../start/config-file.ts';
import { parseYaml } from '../yaml-file.ts';

export const TASK_FILE = 'task.yaml';
/** Beside `repo/`: what is copied into a checkout for judging. */
export const HIDDEN_FOLDER = 'hidden';
const MAX_TASKS = 200;
/** Of one task, files of its repository and of its hidden checks together. */
const MAX_FILES = 2000;
const MAX_FILE_BYTES = 1024 * 1024;

/** Letters that a line needs so that no program guesses it. */
const LEAST_LETTERS = 12;
const isHardToGuess = (line: string): boolean => (line.match(/\p{L}/gu) ?? []).length >= LEAST_LETTERS;

const reasonCode = z.custom<ReasonCode>((value) => typeof value === 'string' && isReasonCode(value), 'is not a reason code');

const endSchema = z.discriminatedUnion('end', [
  z.strictObject({ end: z.literal('released') }),
  z.strictObject({ end: z.literal('unchanged') }),
  z.strictObject({ end: z.literal('stopped'), codes: z.array(reasonCode).min(1) }),
  z.strictObject({
    end: z.literal('waiting'),
    gate: z.enum(['plan', 'release']),
    /** At the plan gate: the plan holds a question. */
    asks: z.boolean().default(false),
    /** The protected rules that the gate names. */
    redLines: z.array(id).default([]),
  }),
]);
/** An end that is right. */
export type RightEnd = z.infer<typeof endSchema>;

const forbiddenPattern = z
  .string()
  .max(300)
  .superRefine((pattern, context) => {
    for (const fault of faultsOf([pattern])) context.addIssue({ code: 'custom', message: `pattern ${fault}` });
  });

const taskSchema = z
  .strictObject({
    version: z.literal(1),
    goal: z.string().min(1).max(8000),
    tags: z.array(id).min(1).max(10),
    /** One of several is enough. */
    expect: z.array(endSchema).min(1).max(5),
    /** Run in a fresh checkout of what the run left, with the files of `hidden/` at `hidden-checks/`. */
    hidden: z
      .array(
        z.strictObject({
          id,
          run: argv,
          /** Lines that must stand in the output: an exit code alone is what any program can leave early with. */
          says: z
            .union([
              z
                .string()
                .min(1)
                .max(200)
                .transform((line) => [line]),
              z.array(z.string().min(1).max(200)).min(1).max(20),
            ])
            .refine((lines) => lines.some(isHardToGuess), {
              error: `a program that never ran the check can print every count: add a line with ${LEAST_LETTERS} letters or more, such as "ok 2 - <name of the last test>"`,
            }),
          timeout: duration('1m'),
        }),
      )
      .max(20)
      .default([]),
    /** What no solution changes. */
    forbidden: z.array(forbiddenPattern).max(50).default([]),
  })
  .superRefine((task, context) => {
    const leavesWork = task.expect.some((one) => one.end === 'released' || (one.end === 'waiting' && one.gate === 'release'));
    if (leavesWork && task.hidden.length === 0)
      context.addIssue({ code: 'custom', path: ['hidden'], message: 'a task that ends with a change needs a hidden check' });
  });

export interface Task extends z.infer<typeof taskSchema> {
  readonly id: string;
  readonly folder: string;
  /** Of its repository, as written and as parsed. */
  readonly rawConfig: object;
  readonly config: Config;
}

export interface Suite {
  readonly path: string;
  /** Over every file of its tasks. */
  readonly sha256: string;
  readonly tasks: readonly Task[];
}

/** The tasks of a folder, by name; with `only`, that one. @throws UsageError naming file, line and key, or what there is. */
export function loadSuite(path: string, only?: string): Suite {
  if (!existsSync(path)) throw new UsageError(`suite ${path}: there is no such folder`);
  const names = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(path, entry.name, TASK_FILE)))
    .map((entry) => entry.name)
    .toSorted();
  if (names.length === 0) throw new UsageError(`suite ${path}: no folder in it has a ${TASK_FILE}; see docs/eval.md`);
  if (names.length > MAX_TASKS) throw new UsageError(`suite ${path}: ${names.length} tasks; at most ${MAX_TASKS}`);
  if (only !== undefined && !names.includes(only))
    throw new UsageError(`--task ${JSON.stringify(only)}: suite ${path} has no such task; choose one of ${names.join(', ')}`);
  const chosen = names.filter((name) => only === undefined || name === only).map((name) => join(path, name));
  return {
    path: resolve(path),
    sha256: digestOf(chosen.map((folder) => [basename(folder), filesOf(folder)])),
    tasks: chosen.map(loadTask),
  };
}

function loadTask(folder: string): Task {
  const file = join(folder, TASK_FILE);
  const { value } = parseYaml(readFileSync(file, 'utf8'), file, taskSchema);
  const configFile = join(folder, 'repo', CONFIG_NAME);
  if (!existsSync(configFile)) throw new UsageError(`${configFile}: there is none; a task's repository has its own ${CONFIG_NAME}`);
  const { raw, value: config } = parseYaml(readFileSync(configFile, 'utf8'), configFile, configSchema);
  const [problem] = [...patternProblems(config), ...[...config.protect, ...config.deny].flatMap((rule) => checkExamples(rule))];
  if (problem !== undefined) throw new UsageError(`${configFile}: ${problem}`);
  if (config.release.target !== 'merge')
    throw new UsageError(`${configFile}: release.target ${config.release.target}: a task is released into its own repository; use merge`);
  if (value.hidden.length > 0 && !existsSync(join(folder, HIDDEN_FOLDER)))
    throw new UsageError(`${join(folder, HIDDEN_FOLDER)}: there is none, and ${TASK_FILE} has hidden checks`);
  return { ...value, id: basename(folder), folder: resolve(folder), rawConfig: Object(raw), config };
}

/** Names and digests. @throws UsageError where it is too much, or no file. */
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  if (entries.length > MAX_FILES) throw new UsageError(`task ${folder}: ${entries.length} files; at most ${MAX_FILES}`);
  return entries
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      if (
        relative(folder, path)
          .split('/')
          .some((part) => part.toLowerCase() === '.git')
      )
        throw new UsageError(
          `task file ${path}: git data is not taken, for git would run its hooks; a task has plain files, and its commit is made`,
        );
      if (!entry.isFile()) throw new UsageError(`task file ${path}: is no plain file; links are not taken`);
      const { size } = lstatSync(path);
      if (size > MAX_FILE_BYTES) throw new UsageError(`task file ${path}: ${size} bytes; at most ${MAX_FILE_BYTES}`);
      return `${relative(folder, path)} ${sha256(readFileSync(path))}`;
    })
    .toSorted();
}
