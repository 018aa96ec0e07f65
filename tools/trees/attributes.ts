/** What `.gitattributes` of one tree, and of nothing else, say of how files are stored and written out. */
import { rmSync } from 'node:fs';
import { type GitPlace, runGit } from '../git.ts';
import { type Entries, zInput, zWords } from './names.ts';

/** A line for an attributes file, such as `text eol=crlf`; files with the same one are stored alike. */
export interface Storing {
  readonly line: string;
  /** The name of a filter, such as `lfs`. */
  readonly filter: string | undefined;
  readonly encoding: string | undefined;
  /** True when the bytes on disk are not those in the tree. */
  readonly changesOutput: boolean;
}

export interface Attributes {
  /** Of those that are not stored as they are. */
  of(paths: Iterable<string>): Promise<Map<string, Storing>>;
  remove(): void;
}

const NAMES = ['text', 'crlf', 'eol', 'ident', 'working-tree-encoding', 'filter'] as const;
type Values = Readonly<Record<(typeof NAMES)[number], string>>;
const FILES = new Set(['100644', '100755']);

/** @param indexFile where git keeps the attributes of `tree` while they are asked for. */
export async function attributesOf(place: GitPlace, tree: Entries, indexFile: string): Promise<Attributes> {
  const rules = [...tree].filter(([path, { mode }]) => /(?:^|\/)\.gitattributes$/.test(path) && FILES.has(mode));
  if (rules.length === 0) return { of: async () => new Map(), remove: () => undefined };
  const git = { ...place, indexFile };
  rmSync(indexFile, { force: true });
  await runGit(['update-index', '-z', '--index-info'], {
    ...git,
    stdin: zInput(rules.map(([path, { mode, oid }]) => `${mode} ${oid}\t${path}`)),
  });
  const known = new Map<string, Storing | undefined>();
  return {
    of: async (paths) => {
      const asked = [...paths];
      const unknown = asked.filter((path) => !known.has(path));
      if (unknown.length > 0) await ask(git, unknown, known);
      return new Map(
        asked.flatMap((path) => {
          const storing = known.get(path);
          return storing === undefined ? [] : [[path, storing] as const];
        }),
      );
    },
    remove: () => rmSync(indexFile, { force: true }),
  };
}

async function ask(
  git: GitPlace & { indexFile: string },
  paths: readonly string[],
  known: Map<string, Storing | undefined>,
): Promise<void> {
  const { stdout } = await runGit(['check-attr', '--cached', '-z', '--stdin', ...NAMES], { ...git, stdin: zInput(paths) });
  const words = zWords(stdout);
  for (const [index, path] of paths.entries()) {
    const at = index * NAMES.length * 3;
    const values = Object.fromEntries(NAMES.map((name, nth) => [name, words[at + nth * 3 + 2] ?? 'unspecified'])) as Values; // of all names
    known.set(path, storingOf(values));
  }
}

const isOff = (value: string): boolean => value === 'unset' || value === 'unspecified';

/** Undefined: stored as it is. `crlf` is the old name of `text`. */
function storingOf(values: Values): Storing | undefined {
  const text = values.text === 'unspecified' ? values.crlf : values.text;
  const isText = text !== 'unset' && (text !== 'unspecified' || !isOff(values.eol));
  // Git refuses `working-tree-encoding` without a value; it says nothing.
  const encoding =
    isOff(values['working-tree-encoding']) || values['working-tree-encoding'] === 'set' ? undefined : values['working-tree-encoding'];
  const filter = isOff(values.filter) || values.filter === 'set' ? undefined : values.filter;
  const isIdent = values.ident === 'set';
  if (!isText && !isIdent && encoding === undefined && filter === undefined) return undefined;
  const words = NAMES.filter((name) => name !== 'filter' && name !== 'working-tree-encoding').map((name) => wordOf(name, values[name]));
  return {
    line: [...words, encoding === undefined ? '!working-tree-encoding' : `working-tree-encoding=${encoding}`].join(' '),
    filter,
    encoding,
    changesOutput: (isText && values.eol === 'crlf') || isIdent || encoding !== undefined,
  };
}

function wordOf(name: string, value: string): string {
  if (value === 'set') return name;
  if (value === 'unset') return `-${name}`;
  return value === 'unspecified' ? `!${name}` : `${name}=${value}`;
}
