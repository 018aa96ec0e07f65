/** The objects of a commit's tree that are not there; those that a partial clone left out are fetched by git from where it left them. */
import { toError } from '../../domain/errors.ts';
import { GitError } from '../git.ts';
import { ours, type RepositoryPlace, theirs } from './place.ts';

export interface Missing {
  readonly ids: readonly string[];
  /** What git says of objects that it cannot read. */
  readonly damaged?: string;
  /** Whom a partial clone asks, and what came of it. */
  readonly remote?: string;
  readonly said?: string;
}

/** A clone without trees gives one level at a time. */
const ROUNDS = 50;
const FETCH_TIMEOUT_MS = 10 * 60_000;

/** Undefined when all are there, or are now. */
export async function missingObjects(place: RepositoryPlace, commit: string): Promise<Missing | undefined> {
  try {
    let ids = await absent(place, commit);
    if (ids.length === 0) return undefined;
    const remote = await promisor(place);
    if (remote === undefined) return { ids };
    for (let round = 0, before = Number.POSITIVE_INFINITY; round < ROUNDS && ids.length > 0; round += 1) {
      const said = await fetched(place, remote, ids);
      const left = await absent(place, commit);
      if (said !== undefined || (left.length >= before && left.every((id) => ids.includes(id))))
        return { ids: left, remote, said: said ?? 'nothing came' };
      before = left.length;
      ids = left;
    }
    return ids.length === 0 ? undefined : { ids, remote, said: `not all came in ${ROUNDS} rounds` };
  } catch (error) {
    if (error instanceof GitError && error.code === 128) return { ids: [], damaged: lastLine(error.message) };
    throw error;
  }
}

async function absent(place: RepositoryPlace, commit: string): Promise<string[]> {
  const { stdout } = await ours(place, ['rev-list', '--objects', '--missing=print', '-n', '1', commit]);
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((row) => (row.startsWith('?') ? [row.slice(1)] : []));
}

/** The remote that git itself would ask. */
async function promisor(place: RepositoryPlace): Promise<string | undefined> {
  const asked = ['config', '-z', '--get-regexp', '^(remote\\..*\\.promisor|extensions\\.partialclone)$'];
  const rows = (await theirs(place, asked, { okCodes: [1] })).stdout.toString('utf8').split('\0');
  for (const row of rows) {
    const [key = '', value = 'true'] = row.split('\n');
    if (key === 'extensions.partialclone') return value;
    const name = /^remote\.(.+)\.promisor$/s.exec(key)?.[1];
    if (name !== undefined && value === 'true') return name;
  }
  return undefined;
}

/** As git fetches by itself for a person. What it says where it could not. */
async function fetched(place: RepositoryPlace, remote: string, ids: readonly string[]): Promise<string | undefined> {
  const asked = [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--recurse-submodules=no',
    '--filter=blob:none',
    '--stdin',
    remote,
  ];
  try {
    await theirs(place, asked, { stdin: `${ids.join('\n')}\n`, timeoutMs: FETCH_TIMEOUT_MS });
    return undefined;
  } catch (error) {
    return lastLine(toError(error).message);
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
