/**
 * The index beside a work tree: it holds the ids of the bytes on disk, so that git finds what is different without any attribute of the
 * folder having a word in it.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GitPlace, runGit } from '../git.ts';
import { type Entries, type Entry, zInput, zWords } from './names.ts';

export interface IndexFile {
  /** Makes it hold exactly these; what it knew of unchanged ones stays. */
  set(entries: Entries): Promise<void>;
  /** Paths on disk that differ from it or are not there, with the files that it does not have and no rule ignores. */
  changedAndNew(ownIgnores: readonly string[]): Promise<string[]>;
  /** The same, each apart; a folder of which it has nothing stands for all in it. */
  changedAndNews(ownIgnores: readonly string[]): Promise<{ readonly changed: readonly string[]; readonly news: readonly string[] }>;
  /** Files that it does not have and no rule of the tree ignores. */
  news(ownIgnores: readonly string[], folders?: boolean): Promise<string[]>;
  /** Stores the bytes of files as they are, and takes their place. */
  add(entries: Entries): Promise<void>;
  /** Takes the place of files that are stored otherwise. */
  note(entries: Entries): Promise<void>;
  drop(paths: readonly string[]): Promise<void>;
  /** Takes submodules, which have no files here. */
  link(entries: ReadonlyMap<string, Entry>): Promise<void>;
  /** Makes an empty folder hold a tree of these, as it stands in the store. */
  writeTree(tree: string, entries: Entries): Promise<void>;
  writeOut(paths: readonly string[]): Promise<void>;
  /** Learns what files look like whose bytes are the same. */
  refresh(): Promise<void>;
  remove(): void;
}

/** A folder of new files is listed as one. */
const FOLDERS = ['--directory', '--no-empty-directory'];
/** How `ls-files -t` marks a file that the index does not have; those of others are as long. */
const NEW = '? ';

/** The rows of `ls-files -t`, new files apart from the others. */
function apart(rows: readonly string[]): { changed: string[]; news: string[] } {
  const of = (isNew: boolean): string[] => [
    ...new Set(rows.filter((row) => row.startsWith(NEW) === isNew).map((row) => row.slice(NEW.length))),
  ];
  return { changed: of(false), news: of(true) };
}

export function indexFile(place: GitPlace, folder: string, file: string): IndexFile {
  const git = { ...withoutAttributes(place), workTree: folder, indexFile: file };
  let held: Entries | undefined;
  let owner: number | undefined;
  const update = async (flags: readonly string[], words: readonly string[]): Promise<void> => {
    if (words.length > 0) await runGit(['update-index', ...flags], { ...git, stdin: zInput(words) });
  };
  const write = (entries: Iterable<readonly [string, Entry]>): Promise<void> => update(['-z', '--index-info'], rowsOf(entries));
  const put = async (flags: readonly string[], entries: Entries): Promise<void> => {
    await update([...flags, '--add', '--replace', '-z', '--stdin'], [...entries.keys()]);
    for (const [path, entry] of entries) held?.set(path, entry);
  };
  const drop = async (paths: readonly string[]): Promise<void> => {
    await write(paths.map((path) => [path, { mode: '0', oid: '0'.repeat(held?.get(path)?.oid.length ?? 40) }]));
    for (const path of paths) held?.delete(path);
  };
  const refresh = async (): Promise<void> => {
    await runGit(['update-index', '-q', '--refresh'], { ...git, okCodes: [1] });
    owner = lstatSync(folder).uid;
  };
  const list = async (flags: readonly string[], ownIgnores: readonly string[] = []): Promise<string[]> => {
    // Who gave the whole tree to another user changed how every file looks.
    if (owner !== undefined && lstatSync(folder).uid !== owner) await refresh();
    owner ??= lstatSync(folder).uid;
    const rules = ['--exclude-per-directory=.gitignore', ...ownIgnores.map((path) => `--exclude-from=${path}`)];
    return [...new Set(zWords((await runGit(['ls-files', '-z', ...flags, ...rules], git)).stdout))];
  };
  return {
    set: async (entries) => {
      if (held === undefined) rmSync(file, { force: true });
      await drop([...(held?.keys() ?? [])].filter((path) => !entries.has(path)));
      await write([...entries].filter(([path, entry]) => !isSame(held?.get(path), entry)));
      held = new Map(entries);
    },
    changedAndNew: (ownIgnores) => list(['-d', '-m', '-o'], ownIgnores),
    changedAndNews: async (ownIgnores) => apart(await list(['-t', '-d', '-m', '-o', ...FOLDERS], ownIgnores)),
    news: (ownIgnores, folders = false) => list(['-o', ...(folders ? FOLDERS : [])], ownIgnores),
    add: (entries) => put([], entries),
    note: (entries) => put(['--info-only'], entries),
    drop,
    link: async (entries) => {
      await write(entries);
      for (const [path, entry] of entries) held?.set(path, entry);
    },
    writeTree: async (tree, entries) => {
      rmSync(file, { force: true });
      owner = lstatSync(folder).uid;
      await runGit(['read-tree', '-m', '-u', tree], git);
      held = new Map(entries);
    },
    writeOut: async (paths) => {
      if (paths.length > 0) await runGit(['checkout-index', '-f', '-q', '-u', '-z', '--stdin'], { ...git, stdin: zInput(paths) });
    },
    refresh,
    remove: () => rmSync(file, { force: true }),
  };
}

const rowsOf = (entries: Iterable<readonly [string, Entry]>): string[] =>
  [...entries].map(([path, { mode, oid }]) => `${mode} ${oid}\t${path}`);

const isSame = (a: Entry | undefined, b: Entry): boolean => a !== undefined && a.mode === b.mode && a.oid === b.oid;

/** Decided before any file in the tree is read, for every path. */
const NEUTRAL = '* !text !crlf !eol !ident !filter !working-tree-encoding\n';

/** A git dir in which no attributes file of a folder has a word in how bytes are read and written. */
function withoutAttributes({ gitDir, objects }: GitPlace): GitPlace {
  const own = join(gitDir, 'bytes');
  for (const name of ['refs', 'objects', 'info']) mkdirSync(join(own, name), { recursive: true, mode: 0o700 });
  for (const name of ['config', 'HEAD']) put(join(own, name), readFileSync(join(gitDir, name), 'utf8'));
  put(join(own, 'info', 'attributes'), NEUTRAL);
  return { gitDir: own, objects };
}

/** Written only where it is another; another process may read it meanwhile. */
function put(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}
