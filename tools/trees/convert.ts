/**
 * Files as they are on disk from files as a tree has them, and back, by git itself in a folder of its own: under names of ours, with
 * attributes that were read from the base. What an agent or a person configured is not seen there, and no filter but LFS is.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StopError } from '../../domain/errors.ts';
import { GitError, type GitPlace, runGit } from '../git.ts';
import type { Storing } from './attributes.ts';
import { readable, zInput, zWords } from './names.ts';

interface Job {
  readonly storing: Storing;
}

interface Staging<Of extends Job> {
  readonly folder: string;
  readonly git: GitPlace & { readonly indexFile: string; readonly workTree: string; readonly settings: readonly string[] };
  /** Names relative to the folder. */
  readonly named: readonly { readonly name: string; readonly of: Of }[];
  readonly remove: () => void;
}

/** One folder for each way of storing, so that one line of attributes speaks of all its files. */
function stage<Of extends Job>(place: GitPlace, beside: string, jobs: readonly Of[], settings: readonly string[] = []): Staging<Of> {
  const folder = `${beside}.staging`;
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  remove();
  const workTree = join(folder, 'files');
  mkdirSync(workTree, { recursive: true, mode: 0o700 });
  const lines = [...new Set(jobs.map(({ storing }) => lineOf(storing)))];
  for (const index of lines.keys()) mkdirSync(join(workTree, String(index)));
  const attributes = join(folder, 'attributes');
  writeFileSync(attributes, lines.map((line, index) => `/${index}/* ${line}\n`).join(''));
  return {
    folder,
    git: {
      ...place,
      workTree,
      indexFile: join(folder, 'index'),
      settings: [`core.attributesFile=${attributes}`, 'core.eol=lf', 'core.safecrlf=false', ...settings],
    },
    named: jobs.map((of, index) => ({ name: `${lines.indexOf(lineOf(of.storing))}/${index}`, of })),
    remove,
  };
}

const lineOf = ({ line, filter }: Storing): string => (filter === 'lfs' ? `${line} filter=lfs` : line);

export interface WrittenOut {
  /** Where the bytes are that a checkout has, by index of what was asked. */
  readonly files: readonly string[];
  readonly remove: () => void;
}

/** Files as a checkout has them. LFS pointers stay pointers: no content is fetched. */
export async function writeOut(
  place: GitPlace,
  beside: string,
  jobs: readonly { readonly oid: string; readonly storing: Storing }[],
): Promise<WrittenOut> {
  const staging = stage(
    place,
    beside,
    jobs.map(({ oid, storing }) => ({ oid, storing: { ...storing, filter: undefined } })),
  );
  const rows = staging.named.map(({ name, of }) => `100644 ${of.oid}\t${name}`);
  await runGit(['update-index', '-z', '--index-info'], { ...staging.git, stdin: zInput(rows) });
  await runGit(['checkout-index', '-a', '-f', '-q'], staging.git);
  return { files: staging.named.map(({ name }) => join(staging.git.workTree, name)), remove: staging.remove };
}

export interface ToStore {
  /** Bytes as latin1, for people. */
  readonly path: string;
  readonly file: Buffer;
  readonly storing: Storing;
  /** What the base has there: a file with carriage returns in the base keeps them under `text=auto`. */
  readonly base: string | undefined;
}

/** Stores files as the base's attributes say; gives their ids in the order of the files. @throws StopError `FILE_UNSTORABLE`. */
export async function store(place: GitPlace, beside: string, lfs: string, files: readonly ToStore[]): Promise<string[]> {
  const withLfs = files.find(({ storing }) => storing.filter === 'lfs');
  if (withLfs !== undefined) await assertLfs(withLfs.path);
  const staging = stage(place, beside, files, withLfs === undefined ? [] : [...LFS, `lfs.storage=${lfs}`]);
  try {
    const before = staging.named.flatMap(({ name, of }) => (of.base === undefined ? [] : [`100644 ${of.base}\t${name}`]));
    if (before.length > 0) await runGit(['update-index', '-z', '--index-info'], { ...staging.git, stdin: zInput(before) });
    if (withLfs !== undefined) await mkdir(lfs, { recursive: true });
    for (const { name, of } of staging.named) await copyFile(of.file, join(staging.git.workTree, name));
    await add(staging);
    const rows = zWords((await runGit(['ls-files', '-s', '-z'], staging.git)).stdout);
    const ids = new Map(rows.map((row) => [row.slice(row.indexOf('\t') + 1), row.split(' ')[1] ?? '']));
    return staging.named.map(({ name }) => ids.get(name) ?? '');
  } finally {
    staging.remove();
  }
}

const LFS = ['filter.lfs.process=git-lfs filter-process', 'filter.lfs.clean=git-lfs clean -- %f', 'filter.lfs.required=true'];

async function assertLfs(path: string): Promise<void> {
  try {
    await runGit(['lfs', 'version'], {});
  } catch (error) {
    throw unstorable(path, 'filter=lfs', { why: 'git lfs is not installed here', mend: 'install git-lfs, then resume', cause: error });
  }
}

/** @throws StopError `FILE_UNSTORABLE`: no filter but LFS is run. */
export function assertNoOtherFilter(path: string, { filter }: Storing): void {
  if (filter === undefined || filter === 'lfs') return;
  throw unstorable(path, `filter=${filter}`, {
    why: 'filters other than lfs are not run here',
    mend: 'keep this file out of the change',
    isAvoidable: true,
  });
}

async function add({ git, named }: Staging<ToStore>): Promise<void> {
  try {
    await runGit(['update-index', '--add', '-z', '--stdin'], { ...git, stdin: zInput(named.map(({ name }) => name)) });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const at = /'(\d+\/\d+)'|(\d+\/\d+)/.exec(error.message.replace(/^git update-index: /, ''));
    const found = named.find(({ name }) => name === (at?.[1] ?? at?.[2]));
    if (found === undefined) throw error;
    const { path, storing } = found.of;
    const rule = storing.filter === 'lfs' ? 'filter=lfs' : `working-tree-encoding=${storing.encoding ?? ''}`;
    const why = error.message.replaceAll(found.name, Buffer.from(path, 'latin1').toString('utf8'));
    throw unstorable(path, rule, {
      why,
      mend: storing.filter === 'lfs' ? 'mend git-lfs, then resume' : 'write the file in that encoding',
      isAvoidable: storing.filter !== 'lfs',
      cause: error,
    });
  }
}

interface Unstorable {
  readonly why: string;
  readonly mend: string;
  readonly cause?: unknown;
  /** Who made the change can do without it; else a person must do something to the machine. */
  readonly isAvoidable?: boolean;
}

function unstorable(path: string, rule: string, { why, mend, cause, isAvoidable = false }: Unstorable): StopError {
  return new StopError(
    'FILE_UNSTORABLE',
    `${readable(path)} was changed, and .gitattributes of the base says ${rule} for it: ${why}; ${mend}`,
    { facts: { path: Buffer.from(path, 'latin1').toString('utf8'), rule, ...(isAvoidable ? { mended_by: 'agent' } : {}) }, cause },
  );
}

const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[a-z0-9.-]+ .+\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n$/;
const POINTER_BYTES = 1024;
const WIDE = /^utf-?(?:16|32)/i;

/** How these bytes are stored; undefined: as they are. */
export async function storingOf(file: Buffer, bytes: number, storing: Storing): Promise<Storing | undefined> {
  // A pointer is its own content, as an empty file is; so a file that was moved stays what it was.
  if (storing.filter === 'lfs' && (bytes === 0 || (bytes < POINTER_BYTES && POINTER.test(await readFile(file, 'latin1')))))
    return undefined;
  if (storing.encoding === undefined || !WIDE.test(storing.encoding)) return storing;
  return isUtf8(await readFile(file)) ? { ...storing, ...withoutEncoding(storing) } : storing;
}

const withoutEncoding = ({ line }: Storing): Pick<Storing, 'line' | 'encoding'> => ({
  line: line.replace(/working-tree-encoding=\S+/, '!working-tree-encoding'),
  encoding: undefined,
});

/** Text of a tool that writes UTF-8, which is what the tree holds; text in UTF-16 or UTF-32 has zero bytes, or a mark that UTF-8 has not. */
function isUtf8(content: Buffer): boolean {
  if (content.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
}
