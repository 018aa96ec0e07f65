/** Hand-over files that are no longer what the audit trail recorded when they were written. */
import type { AuditRecord } from '../../domain/audit.ts';
import type { Dossier } from '../../domain/ports.ts';

export interface ChangedFile {
  readonly path: string;
  readonly recorded: string;
  /** Undefined: it is missing. */
  readonly found: string | undefined;
}

/** In the order in which they were written. */
export async function changedFiles(
  dossier: Pick<Dossier, 'read'>,
  threadId: string,
  records: readonly AuditRecord[],
): Promise<ChangedFile[]> {
  const written = new Map<string, string>();
  for (const { action, facts } of records) {
    const { file, sha256 } = facts ?? {};
    if (action === 'stage-end' && typeof file === 'string' && typeof sha256 === 'string') written.set(file, sha256);
  }
  const changed: ChangedFile[] = [];
  for (const [path, recorded] of written) {
    const found = (await dossier.read(threadId, path))?.ref.sha256;
    if (found !== recorded) changed.push({ path, recorded, found });
  }
  return changed;
}
