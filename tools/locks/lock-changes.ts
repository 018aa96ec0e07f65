/**
 * Does a lock file take a package from another place than before? Another version from the same registry, and a new package from one that
 * is there already, are no such change; another address, registry or package under a known name is, and so is a file that cannot be read.
 */
import { toError } from '../../domain/errors.ts';
import { bun, deno, npm, pnpm, yarn } from './javascript.ts';
import { bundler, cargo, composer, flake, goReplace, goSum, pdm, pipenv, poetry, pubspec, requirements, uv } from './others.ts';
import type { Locked } from './source.ts';

type Read = (text: string) => Locked[];

const unreadable: Read = () => {
  throw new Error('this program does not read its format');
};

/** By the name of the file. */
const READERS: Readonly<Record<string, Read>> = {
  'package-lock.json': npm,
  'npm-shrinkwrap.json': npm,
  'yarn.lock': yarn,
  'pnpm-lock.yaml': pnpm,
  'bun.lock': bun,
  'bun.lockb': unreadable,
  'deno.lock': deno,
  'poetry.lock': poetry,
  'uv.lock': uv,
  'pdm.lock': pdm,
  'Pipfile.lock': pipenv,
  'Cargo.lock': cargo,
  'go.sum': goSum,
  'go.mod': goReplace,
  'Gemfile.lock': bundler,
  'composer.lock': composer,
  'mix.lock': unreadable,
  'pubspec.lock': pubspec,
  'flake.lock': flake,
};

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Whatever the case: a file system may not tell. */
const BY_NAME = new Map(Object.entries(READERS).map(([name, read]) => [name.toLowerCase(), read]));
const REQUIREMENTS = /^(?:requirements|constraints)[\w.-]*\.(?:txt|in)$/;

function readerOf(path: string): Read | undefined {
  const name = nameOf(path).toLowerCase();
  return BY_NAME.get(name) ?? (REQUIREMENTS.test(name) ? requirements : undefined);
}

/** Is it looked into? */
export const isLockFile = (path: string): boolean => readerOf(path) !== undefined;

/** Longest lock file that is read, in characters. */
const LOCK_CHARACTERS = 32 * 1024 * 1024;

/** Most lines that are told of one file. */
const TOLD = 5;

export interface LockChange {
  readonly path: string;
  /** Undefined: the base has no such file. */
  readonly before: string | undefined;
  readonly after: string;
  /** Lock files of the same kind elsewhere in the base. */
  readonly others: readonly string[];
}

/** One line for each package that comes from elsewhere than before; empty where none does. */
export function lockChanges({ path, before, after, others }: LockChange): string[] {
  const read = readerOf(path);
  if (read === undefined) return [];
  try {
    if (after.length > LOCK_CHARACTERS) throw new Error(`it is longer than ${LOCK_CHARACTERS} characters`);
    const now = read(after);
    const earlier = before === undefined ? [] : read(before);
    const foreign = movedOf({ earlier, now, elsewhere: others.flatMap(read) });
    const lines = foreign.slice(0, TOLD).map((line) => `${path}: ${line}`);
    return foreign.length > TOLD ? [...lines, `${path}: and ${foreign.length - TOLD} more`] : lines;
  } catch (error) {
    return [`${path}: where its packages come from cannot be read (${toError(error).message.split('\n')[0]?.slice(0, 200)})`];
  }
}

interface Compared {
  readonly earlier: readonly Locked[];
  readonly now: readonly Locked[];
  readonly elsewhere: readonly Locked[];
}

function movedOf({ earlier, now, elsewhere }: Compared): string[] {
  const known = new Map<string, Locked[]>();
  for (const one of earlier) known.set(one.name, [...(known.get(one.name) ?? []), one]);
  const registries = new Set([...earlier, ...elsewhere].map(({ source }) => source.registry));
  const isFirst = [...registries].every((registry) => registry === undefined);
  const fresh = new Map<string, NewPlace>();
  const lines = now.flatMap((one) => {
    const before = known.get(one.name);
    if (isAsBefore(one, before ?? [], registries)) return [];
    const was = [...new Set((before ?? []).map(placeOf))].join(', ');
    if (was !== '') return [`${one.name} comes from ${placeOf(one)}, and came from ${was}`];
    const place = placeOf(one);
    const names = fresh.get(place)?.names ?? new Set();
    fresh.set(place, { place, names: names.add(one.name), isFirst: isFirst && one.source.registry !== undefined });
    return [];
  });
  return [...new Set([...lines, ...[...fresh.values()].map(newPlace)])];
}

interface NewPlace {
  readonly place: string;
  readonly names: Set<string>;
  /** It is a registry, and the base has none. */
  readonly isFirst: boolean;
}

/** One line a place: a first lock file has hundreds of packages. */
function newPlace({ place, names, isFirst }: NewPlace): string {
  const [first = '', ...others] = names;
  const who = others.length === 0 ? `${first} comes` : `${first} and ${others.length} more come`;
  const why = isFirst ? 'and the base names no registry yet: the first one is for a person to allow' : 'and no package of the base does';
  return `${who} from ${place}, ${why}`;
}

/**
 * Known: at one of its places, under one of its names. New, or without an address up to now: from a registry that is in use, or where the
 * settings of the package manager say.
 */
function isAsBefore(one: Locked, before: readonly Locked[], registries: ReadonlySet<string | undefined>): boolean {
  const { source } = one;
  const names = new Set(before.map(({ as }) => as));
  if (before.length > 0 && !names.has(one.as)) return false;
  if (source.unnamed === true || before.some((was) => was.source.text === source.text)) return true;
  return before.every((was) => was.source.unnamed === true) && source.registry !== undefined && registries.has(source.registry);
}

/** Shown to people, so that it is short. */
const placeOf = ({ as, source }: Locked): string => `${source.text.slice(0, 160)}${as === undefined ? '' : ` (as ${as.slice(0, 80)})`}`;
