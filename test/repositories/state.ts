/** All that a person could notice in their checkout: HEAD, index, status, and every file with its bytes and mode. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Ground } from './ground.ts';

export interface State {
  readonly head: string;
  readonly index: readonly string[];
  readonly status: readonly string[];
  readonly files: readonly string[];
}

export function stateOf(at: Ground, folder: string): State {
  if (!existsSync(`${folder}/.git`)) return { head: '', index: [], status: [], files: [] };
  const ask = (...args: string[]): string => {
    try {
      return at.gitIn(folder, args);
    } catch (error) {
      return `failed: ${String((error as { status?: unknown }).status)}`; // a failed process has its status
    }
  };
  return {
    head: `${ask('symbolic-ref', '-q', 'HEAD')} ${ask('rev-parse', 'HEAD')}`,
    index: ask('ls-files', '-s', '-v', '-z').split('\0'),
    status: ask('--no-optional-locks', 'status', '--porcelain=v2', '-z', '--untracked-files=all').split('\0'),
    files: filesOf(Buffer.from(folder)),
  };
}

function filesOf(folder: Buffer, below = ''): string[] {
  return readdirSync(folder, { encoding: 'buffer' })
    .map((name) => name.toString('latin1'))
    .filter((name) => name !== '.git')
    .toSorted()
    .flatMap((name): string[] => {
      const place = Buffer.concat([folder, Buffer.from('/'), Buffer.from(name, 'latin1')]);
      const stat = lstatSync(place);
      const path = `${below}${name}`;
      if (stat.isDirectory()) return [`${path}/`, ...filesOf(place, `${path}/`)];
      const bytes = stat.isSymbolicLink()
        ? readlinkSync(place, { encoding: 'buffer' })
        : stat.isFile()
          ? readFileSync(place)
          : Buffer.alloc(0);
      const kind = stat.isSymbolicLink() ? 'link' : (stat.mode & 0o777).toString(8);
      return [`${path} ${kind} ${createHash('sha1').update(bytes).digest('hex')}`];
    });
}
