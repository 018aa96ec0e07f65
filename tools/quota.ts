/** Stops a command whose work tree grows too far: no rlimit does, for many files below the limit of one are allowed. */
import { lchownSync, lstatSync, type Stats, statfsSync } from 'node:fs';
import { StopError, toError } from '../domain/errors.ts';
import { type SandboxLimits, sandboxLimitsSchema } from '../domain/sandbox-limits.ts';
import type { SandboxRequest } from '../domain/workspace.ts';
import { walk } from './walk.ts';

/** How far a work tree may grow over what it was before its first command in this sandbox. */
interface Growth {
  readonly bytes: number;
  readonly files: number;
}

const MIB = 1024 * 1024;

/** First wait until the tree is measured, in ms; later ones are at least `REST` times as long as the measuring took. */
const POLL_MS = 250;
const REST = 10;
/** Entries that are looked at before other work has its turn. */
const CHUNK = 500;
/** A disk that loses this many caps while one command runs is being filled where no walk sees it: by files without a name, or too deep. */
const UNSEEN = 4;
/** Work trees whose first size is remembered. */
const MAX_KNOWN = 1000;

type Size = { bytes: number; files: number };

export interface Quota {
  /**
   * Runs a command with a signal that the caller's signal or the quota aborts, with the reason of the one that did.
   * @throws StopError `DISK_LIMIT`, also before anything runs.
   */
  run<Result>(request: SandboxRequest, work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
}

/** The quota of one sandbox, for all commands that run in it. @param uid to whom, as root, the tree is given first. */
export function createQuota(limits: SandboxLimits = sandboxLimitsSchema.parse({}), uid?: number): Quota {
  const growth = { bytes: limits.treeMiB * MIB, files: limits.treeFiles };
  const known = new Map<string, Size>();
  return {
    run: async (request, work) => {
      request.signal?.throwIfAborted();
      const stop = new AbortController();
      const forward = (): void => stop.abort(request.signal?.reason);
      const size = takeOver(request.workspace, uid);
      const first = firstSize(known, request.workspace, size);
      const over = judge(size, first, growth);
      if (over !== undefined) throw over;
      const end = watch(request.workspace, { first, growth }, (reason) => stop.abort(reason));
      request.signal?.addEventListener('abort', forward, { once: true });
      try {
        return await work(stop.signal);
      } finally {
        end();
        request.signal?.removeEventListener('abort', forward);
      }
    },
  };
}

/** Measures the tree and gives it to `uid`. */
function takeOver(folder: string, uid: number | undefined): Size {
  const size: Size = { bytes: 0, files: 0 };
  add({ bytes: 0, files: 0 }, folder, uid);
  for (const { path } of walk(folder, { unlock: true })) add(size, path, uid);
  return size;
}

/** Watches the tree until the returned function is called; `exceeded` gets the reason once. */
function watch(folder: string, { first, growth }: { first: Size; growth: Growth }, exceeded: (reason: Error) => void): () => void {
  const free = freeBytes(folder);
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const poll = async (): Promise<void> => {
    const startedAt = performance.now();
    const reason = unseen(free - freeBytes(folder), growth) ?? judge(await measure(folder, () => ended), first, growth);
    if (ended) return;
    if (reason !== undefined) throw reason;
    later(Math.max(POLL_MS, (performance.now() - startedAt) * REST));
  };
  const later = (ms: number): void => {
    timer = setTimeout(() => void poll().catch((error: unknown) => exceeded(toError(error))), ms);
    timer.unref();
  };
  later(POLL_MS);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

async function measure(folder: string, ended: () => boolean): Promise<Size> {
  const size: Size = { bytes: 0, files: 0 };
  let seen = 0;
  for (const { path } of walk(folder)) {
    add(size, path);
    seen += 1;
    if (seen % CHUNK !== 0) continue;
    await new Promise((turn) => setImmediate(turn));
    if (ended()) break;
  }
  return size;
}

/** Counts one entry and gives it to `uid`. */
function add(size: Size, path: string | Buffer, uid?: number): void {
  const stat = lstat(path);
  if (stat === undefined) return;
  size.files += 1;
  size.bytes += (stat.blocks * 512) / (stat.isDirectory() ? 1 : Math.max(1, stat.nlink));
  if (uid !== undefined && stat.uid !== uid) lchownSync(path, uid, uid);
}

/** Undefined also for what a command closed to its own uid. */
function lstat(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** By folder and inode: a path may be used again for another tree. */
function firstSize(known: Map<string, Size>, folder: string, size: Size): Size {
  const { ino, birthtimeMs } = lstatSync(folder);
  const key = `${folder}:${ino}:${birthtimeMs}`;
  const first = known.get(key) ?? size;
  known.delete(key);
  known.set(key, first);
  if (known.size > MAX_KNOWN) for (const oldest of [...known.keys()].slice(0, known.size - MAX_KNOWN)) known.delete(oldest);
  return first;
}

function judge(size: Size, first: Size, growth: Growth): StopError | undefined {
  const bytes = Math.round(size.bytes - first.bytes);
  const files = size.files - first.files;
  if (bytes <= growth.bytes && files <= growth.files) return undefined;
  return new StopError(
    'DISK_LIMIT',
    `the commands made their work tree grow by ${bytes} bytes and ${files} files; it may grow by ${growth.bytes} bytes and ${growth.files} files`,
    { facts: { bytes, files, byteCap: growth.bytes, fileCap: growth.files } },
  );
}

function unseen(lost: number, growth: Growth): StopError | undefined {
  if (lost <= UNSEEN * growth.bytes) return undefined;
  return new StopError('DISK_LIMIT', `the disk lost ${lost} bytes while a command ran; its work tree may grow by ${growth.bytes}`, {
    facts: { bytes: lost, byteCap: growth.bytes },
  });
}

function freeBytes(folder: string): number {
  const stat = statfsSync(folder);
  return stat.bavail * stat.bsize;
}
