/** What a thread has handed over so far: its newest files, parsed and verified, and the approval it waits for. */
import type { z } from 'zod';
import { StopError } from '../../domain/errors.ts';
import type { BuildBody, FileRef } from '../../domain/handoff.ts';
import { buildBodySchema, FILES, releaseBodySchema } from '../../domain/handoff.ts';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import type { Runtime } from '../runtime.ts';

export type ReleaseBody = z.infer<typeof releaseBodySchema>;

interface Schema<Body> {
  safeParse(value: unknown): { readonly success: true; readonly data: Body } | { readonly success: false; readonly error: Error };
}

/** Which file is asked for; with a digest it must be exactly that one. */
interface Wanted<Body> {
  readonly kind: '10-plan' | '20-build' | '30-review';
  readonly schema: Schema<Body>;
  readonly sha256?: string | undefined;
}

/** The newest file of a numbered kind, parsed; undefined when there is none. */
export async function newest<Body>(runtime: Runtime, threadId: string, { kind, schema, sha256 }: Wanted<Body>): Promise<Body | undefined> {
  const pattern = new RegExp(`^${kind}\\.\\d+\\.json$`);
  const names = (await runtime.stores.dossier.list(threadId)).map((file) => file.path).filter((path) => pattern.test(path));
  const number = (path: string): number => Number(/\.(\d+)\./.exec(path)?.[1] ?? '0');
  const newestFirst = names.toSorted((a, b) => number(b) - number(a));
  for (const path of newestFirst) {
    const found = await runtime.stores.dossier.read(threadId, path);
    if (found !== undefined && (sha256 === undefined || found.ref.sha256 === sha256)) return bodyOf(runtime, threadId, found.ref, schema);
  }
  const [path] = newestFirst;
  if (sha256 === undefined) return undefined;
  if (path === undefined) throw new StopError('HANDOFF_MISSING', `${kind}.<n>.json: the file is missing; its digest was ${sha256}`);
  return bodyOf(runtime, threadId, { path, sha256 }, schema);
}

/** @throws StopError `STATE_TAMPERED`, `HANDOFF_MISSING`. */
async function bodyOf<Body>(runtime: Runtime, threadId: string, ref: FileRef, schema: Schema<Body>): Promise<Body> {
  const parsed = schema.safeParse((await runtime.stores.dossier.readVerified(threadId, ref)).body);
  if (parsed.success) return parsed.data;
  throw new StopError('STATE_TAMPERED', `${ref.path}: its body is not what its contract says (${parsed.error.message.slice(0, 300)})`, {
    evidence: [ref.path],
  });
}

/** What was released; undefined when nothing was. @throws StopError `STATE_TAMPERED` when its file is not whole. */
export async function releaseOf(runtime: Runtime, threadId: string): Promise<ReleaseBody | undefined> {
  const found = await runtime.stores.dossier.read(threadId, FILES.release);
  return found === undefined ? undefined : bodyOf(runtime, threadId, found.ref, releaseBodySchema);
}

/** What was released, as the audit trail recorded it: for who acts on it. @throws StopError also when it differs or is gone. */
export async function recordedRelease(runtime: Runtime, threadId: string): Promise<{ body: ReleaseBody; ref: FileRef } | undefined> {
  const record = (await runtime.stores.audit.read({ threadId })).findLast(
    ({ action, facts }) => action === 'stage-end' && facts?.['file'] === FILES.release,
  );
  const sha256 = record?.facts?.['sha256'];
  const ref =
    typeof sha256 === 'string' ? { path: FILES.release, sha256 } : (await runtime.stores.dossier.read(threadId, FILES.release))?.ref;
  return ref === undefined ? undefined : { body: await bodyOf(runtime, threadId, ref, releaseBodySchema), ref };
}

export const newestBuild = (runtime: Runtime, threadId: string): Promise<BuildBody | undefined> =>
  newest(runtime, threadId, { kind: '20-build', schema: buildBodySchema });

/** The approval a waiting thread waits for. */
export async function pendingApproval(runtime: Runtime, row: RunRow): Promise<ApprovalRow | undefined> {
  if (row.status !== 'waiting') return undefined;
  return (await runtime.stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1);
}
