/** The commands that a repository names for itself: package scripts, Makefile targets, tasks of `pyproject.toml`. */
import { parse } from 'yaml';
import { z } from 'zod';
import { pathMatcher } from '../../domain/patterns.ts';
import type { Repository, TreeEntry } from '../../domain/workspace.ts';
import { staticPrefix } from '../globs.ts';
import { baseOf, folderOf, isGenerated } from './kinds.ts';
import { readText } from './read-text.ts';

export interface ScriptList {
  readonly path: string;
  readonly scripts: readonly { readonly name: string; readonly command: string }[];
  /** How many more it has. */
  readonly more: number;
}

/** How many patterns of workspaces are matched. */
const WORKSPACES = 100;
/** How many files are read, scripts shown of each, and characters of a name and of a command. */
const FILES = 10;
const SCRIPTS = 20;
const NAME_CHARACTERS = 60;
const COMMAND_CHARACTERS = 120;

interface Asked {
  /** Globs of what is going to be touched. */
  readonly near: readonly string[];
  /** Masks secrets; before a command is shortened. */
  readonly redact: (text: string) => string;
}

type Reader = Pick<Repository, 'blob' | 'blobBytes'>;
type Pairs = (readonly [name: string, command: string])[];

const READERS: Readonly<Record<string, (text: string) => Pairs>> = {
  'package.json': packageScripts,
  Makefile: makeTargets,
  makefile: makeTargets,
  GNUmakefile: makeTargets,
  'pyproject.toml': pyprojectScripts,
};

/** The top folder's first, then those over the paths that are going to be touched, then the other workspaces. */
export async function readScripts(repository: Reader, entries: readonly TreeEntry[], { near, redact }: Asked): Promise<ScriptList[]> {
  const files = entries.filter(({ path }) => Object.hasOwn(READERS, baseOf(path)) && !isGenerated(path));
  const textOf = async (path: string): Promise<string> => {
    const entry = entries.find((one) => one.path === path);
    const read = entry === undefined ? undefined : await readText(repository, entry);
    return read?.kind === 'text' ? read.text : '';
  };
  const isWorkspace = workspaceMatcher(await textOf('package.json'), await textOf('pnpm-workspace.yaml'));
  const prefixes = near.map(staticPrefix);
  const isNear = (path: string): boolean => prefixes.some((prefix) => prefix === folderOf(path) || prefix.startsWith(`${folderOf(path)}/`));
  const placeOf = (path: string): number => (!path.includes('/') ? 0 : isNear(path) ? 1 : isWorkspace(path) ? 2 : 3);
  const chosen = files
    .map(({ path }) => ({ path, place: placeOf(path) }))
    .filter(({ place }) => place < 3)
    .toSorted((one, other) => one.place - other.place || (one.path < other.path ? -1 : 1));
  const lists: ScriptList[] = [];
  for (const { path } of chosen.slice(0, FILES)) {
    const pairs = READERS[baseOf(path)]?.(await textOf(path)) ?? [];
    if (pairs.length > 0)
      lists.push({
        path,
        scripts: pairs
          .slice(0, SCRIPTS)
          .map(([name, command]) => ({ name: short(redact(name), NAME_CHARACTERS), command: short(redact(command), COMMAND_CHARACTERS) })),
        more: Math.max(0, pairs.length - SCRIPTS),
      });
  }
  return lists;
}

const short = (text: string, most: number): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 3)}...`;
};

const packageSchema = z.object({
  scripts: z.record(z.string(), z.unknown()).optional().catch(undefined),
  workspaces: z
    .union([z.array(z.string()), z.object({ packages: z.array(z.string()) }).transform(({ packages }) => packages)])
    .optional()
    .catch(undefined),
});
const pnpmSchema = z.object({ packages: z.array(z.string()) });

function packageOf(text: string): z.infer<typeof packageSchema> {
  try {
    return packageSchema.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    return {};
  }
}

function packageScripts(text: string): Pairs {
  return Object.entries(packageOf(text).scripts ?? {}).flatMap(([name, command]) => (typeof command === 'string' ? [[name, command]] : []));
}

function workspaceMatcher(packageText: string, pnpmText: string): (path: string) => boolean {
  const globs = [...(packageOf(packageText).workspaces ?? []), ...pnpmPackages(pnpmText)]
    .slice(0, WORKSPACES)
    .map((glob) => glob.replace(/^\.\//, '').replace(/\/$/, ''));
  // Alternatives in braces are the package managers' alone: such a workspace is not shown first.
  const wanted = pathMatcher(globs.filter((glob) => glob !== '' && !glob.startsWith('!')));
  const unwanted = pathMatcher(globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)));
  return (path) => wanted(folderOf(path)) && !unwanted(folderOf(path));
}

function pnpmPackages(text: string): string[] {
  try {
    return pnpmSchema.safeParse(parse(text)).data?.packages ?? [];
  } catch {
    return [];
  }
}

/** Targets that a person can name, each with the first line of its recipe. */
function makeTargets(text: string): Pairs {
  const lines = text.split('\n');
  const seen = new Set<string>();
  return lines.flatMap((line, index) => {
    const name = /^([A-Za-z0-9][\w./-]*)\s*:(?![:=])/.exec(line)?.[1];
    if (name === undefined || seen.has(name)) return [];
    seen.add(name);
    const recipe = lines[index + 1] ?? '';
    return [[name, recipe.startsWith('\t') ? recipe.replace(/^\t[@-]*/, '') : '']];
  });
}

/** Tables of `pyproject.toml` whose keys are names of commands. */
const TASK_TABLE =
  /^\[(?:project\.scripts|tool\.(?:poetry\.scripts|poe\.tasks|pdm\.scripts|taskipy\.tasks|hatch\.envs\.[\w-]+\.scripts))\]\s*(?:#.*)?$/;

/** Only pairs of one line: what is written over several lines is left out. */
function pyprojectScripts(text: string): Pairs {
  let isTasks = false;
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('[')) isTasks = TASK_TABLE.test(line);
    const match = isTasks ? /^\s*"?([\w.:-]+)"?\s*=\s*(\S.*)$/.exec(line.trimEnd()) : null;
    return match === null ? [] : [[match[1] ?? '', (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2')] as const];
  });
}
