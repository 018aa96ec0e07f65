/** The single git wrapper: neutralises whatever repository content or configuration can make git execute or hide. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess, searchPath, userGitEnvironment } from './process.ts';

/** A clean git dir, and the objects of a repository. */
export interface GitPlace {
  readonly gitDir: string;
  readonly objects: string;
}

export interface GitOptions {
  readonly gitDir?: string;
  /** The object store to read and write instead of the git dir's own. */
  readonly objects?: string;
  readonly workTree?: string;
  readonly indexFile?: string;
  /** Default: an empty folder, so that no attributes file of a tree is seen. */
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Further settings, `key=value`, over those of every git here. */
  readonly settings?: readonly string[];
  /** Exit codes that are answers, besides 0. */
  readonly okCodes?: readonly number[];
  readonly timeoutMs?: number;
  /**
   * In a person's own checkout: what their configuration says of line ends, modes, links and attributes counts, as it does for their own
   * git. Hooks, monitors and the filters of these names never run.
   */
  readonly asUser?: { readonly filters: readonly string[] };
}

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export class GitError extends Error {
  readonly code: number | null;
  constructor(message: string, code: number | null) {
    super(message);
    this.name = 'GitError';
    this.code = code;
  }
}

const settings = (list: readonly string[]): string[] => list.flatMap((setting) => ['-c', setting]);

/** Nothing runs, nothing is tidied up beside the work, nobody is asked for a password. */
const SETTINGS = settings([
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'safe.bareRepository=explicit',
  'safe.directory=*',
  'core.quotePath=false',
  'protocol.ext.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
  'commit.gpgSign=false',
  'credential.helper=',
  'advice.detachedHead=false',
]);

/** Trees are the same bytes on every machine. */
const SAME_BYTES = settings([
  'core.untrackedCache=false',
  'core.autocrlf=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.symlinks=true',
  'core.fileMode=true',
]);

/** In a person's checkout the bytes are theirs; what git keeps in the index for their monitors stays there. */
const IN_CHECKOUT = settings(['core.untrackedCache=keep', 'submodule.recurse=false']);

/** As variables, for the name of a filter may hold any character. A filter with an empty command is none. */
function withoutFilters(names: readonly string[]): Record<string, string> {
  const rules = names.flatMap((name) => [
    ...['smudge', 'clean', 'process'].map((key) => [`filter.${name}.${key}`, '']),
    [`filter.${name}.required`, 'false'],
  ]);
  const variables = rules.flatMap(([key = '', value = ''], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(rules.length), ...Object.fromEntries(variables) };
}

/** No configuration or attributes of the user or the machine. */
const NO_CONFIGURATION = { HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_ATTR_NOSYSTEM: '1' };

export const TIMEOUT_MS = 120_000;
const OUTPUT_BYTES = 512 * 1024 * 1024;

/** A folder without anything in it. Made each time: what tidies temporary folders may have taken it since. */
function emptyFolder(): string {
  const empty = join(tmpdir(), `governor-empty-${process.getuid?.() ?? 0}`);
  mkdirSync(empty, { recursive: true, mode: 0o700 });
  return empty;
}

/** The command line, the folder and the whole environment of one git. */
export function gitCommand(args: readonly string[], options: GitOptions): { argv: string[]; cwd: string; env: Record<string, string> } {
  const argv = [
    'git',
    ...SETTINGS,
    ...(options.asUser === undefined ? SAME_BYTES : IN_CHECKOUT),
    ...(options.settings ?? []).flatMap((setting) => ['-c', setting]),
    ...(options.gitDir === undefined ? [] : [`--git-dir=${options.gitDir}`]),
    ...(options.workTree === undefined ? [] : [`--work-tree=${options.workTree}`]),
    ...args,
  ];
  const env = {
    PATH: searchPath(),
    ...(options.asUser === undefined ? NO_CONFIGURATION : { ...userGitEnvironment(), ...withoutFilters(options.asUser.filters) }),
    LC_ALL: 'C',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    ...(options.objects === undefined ? {} : { GIT_OBJECT_DIRECTORY: options.objects }),
    ...(options.indexFile === undefined ? {} : { GIT_INDEX_FILE: options.indexFile }),
    ...options.env,
  };
  return { argv, cwd: options.cwd ?? options.workTree ?? emptyFolder(), env };
}

/** @throws GitError naming the sub-command and what git said. */
export async function runGit(args: readonly string[], options: GitOptions): Promise<GitResult> {
  const { argv, cwd, env } = gitCommand(args, options);
  const result = await runProcess(argv, {
    cwd,
    env,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    outputBytes: OUTPUT_BYTES,
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
  });
  const stderr = result.stderr.toString('utf8');
  const verb = args.find((word) => !word.startsWith('-')) ?? 'git';
  if (result.exitCode === null) throw new GitError(`git ${verb}: killed after ${result.durationMs} ms`, null);
  if (result.exitCode !== 0 && !(options.okCodes ?? []).includes(result.exitCode))
    throw new GitError(`git ${verb}: ${stderr.slice(0, 500).trim()}`, result.exitCode);
  return { code: result.exitCode, stdout: result.stdout, stderr };
}
