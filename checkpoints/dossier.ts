/** The run's folder of hand-over files: temporary name, fsync, rename; read back only with the digest that was recorded. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { StopError, toError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import type { Envelope, FileRef } from '../domain/handoff.ts';
import { sha256 } from '../domain/ids.ts';
import type { Dossier } from '../domain/ports.ts';

export function createDossier(runsFolder: string): Dossier {
  return {
    folder: (threadId) => folderOf(runsFolder, threadId),
    writeJson: async (threadId, path, envelope) =>
      writeBytes(runsFolder, threadId, { path, bytes: Buffer.from(`${JSON.stringify(envelope, null, 2)}\n`) }),
    writeText: async (threadId, path, text) => writeBytes(runsFolder, threadId, { path, bytes: Buffer.from(text) }),
    read: async (threadId, path) => read(runsFolder, threadId, path),
    readVerified: async (threadId, ref) => verified(threadId, ref, read(runsFolder, threadId, ref.path)),
    list: async (threadId) => {
      const root = folderOf(runsFolder, threadId);
      if (!existsSync(root)) return [];
      return readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => ({ path: file.slice(root.length + 1), bytes: statSync(file).size }))
        .toSorted((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}

function folderOf(runsFolder: string, threadId: string): string {
  if (!/^[0-9a-f-]{36}$/.test(threadId)) throw new StopError('INTERNAL', `thread ${JSON.stringify(threadId)}: is not a thread id`);
  return join(runsFolder, threadId);
}

function placeOf(runsFolder: string, threadId: string, path: string): string {
  if (normalize(path) !== path || path.startsWith('/') || path.endsWith('/') || path === '.' || path.split('/').includes('..'))
    throw new StopError('INTERNAL', `file ${JSON.stringify(path)}: must stay inside the dossier`);
  return join(folderOf(runsFolder, threadId), path);
}

function writeBytes(runsFolder: string, threadId: string, { path, bytes }: { path: string; bytes: Buffer }): FileRef {
  const target = placeOf(runsFolder, threadId, path);
  const made = mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  failpoint(`file:${path}:before`);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w', 0o600);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    failpoint(`file:${path}:inside`);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  failpoint(`file:${path}:after`);
  // A name is durable when its folder is synced, and a new folder when the one above it is.
  const levels = made === undefined ? 1 : relative(dirname(runsFolder), target).split('/').length;
  for (let level = 0, at = dirname(target); level < levels; level++, at = dirname(at)) syncFolder(at);
  return { path, sha256: sha256(bytes) };
}

interface Found {
  readonly bytes: Buffer;
  readonly ref: FileRef;
}

function read(runsFolder: string, threadId: string, path: string): Found | undefined {
  const target = placeOf(runsFolder, threadId, path);
  if (!existsSync(target) || !statSync(target).isFile()) return undefined;
  const bytes = readFileSync(target);
  return { bytes, ref: { path, sha256: sha256(bytes) } };
}

function verified(threadId: string, ref: FileRef, found: Found | undefined): Envelope {
  const evidence = [ref.path];
  if (found === undefined)
    throw new StopError('HANDOFF_MISSING', `${ref.path}: the file is missing; its digest was ${ref.sha256}`, { evidence });
  if (found.ref.sha256 !== ref.sha256)
    throw new StopError('STATE_TAMPERED', `${ref.path}: digest ${found.ref.sha256} was found, ${ref.sha256} was recorded`, { evidence });
  let envelope: Partial<Envelope>;
  try {
    envelope = JSON.parse(found.bytes.toString('utf8')) as Partial<Envelope>; // checked below
  } catch (error) {
    throw new StopError('STATE_TAMPERED', `${ref.path}: is not JSON (${toError(error).message})`, { evidence, cause: error });
  }
  if (envelope.thread_id !== threadId || typeof envelope.kind !== 'string' || !Array.isArray(envelope.inputs))
    throw new StopError('STATE_TAMPERED', `${ref.path}: is no hand-over file of thread ${threadId}`, { evidence });
  return envelope as Envelope; // the fields that matter were checked; bodies have their own schemas
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
