/** The fan-in: counts its parts, merges their trees in order without a checkout, and tells who delegated what became of each. */
import type { AuditEntry } from '../../domain/audit.ts';
import { StopError } from '../../domain/errors.ts';
import { type PartBody, partBodySchema } from '../../domain/handoff.ts';
import { bodyOf, type Session } from '../session.ts';
import type { PartRef } from '../state.ts';

/** Paths of a conflict whose versions are shown, and bytes of each version. */
const SHOWN_PATHS = 8;
const SHOWN_BYTES = 2000;

export interface Merging {
  readonly attempt: number;
  /** Of who delegated, as it was then. */
  readonly tree: string;
  /** The sub-agents, in the order of their tasks, and what they brought. */
  readonly ids: readonly string[];
  readonly parts: readonly PartRef[];
}

export interface Merged {
  readonly tree: string;
  /** What the `delegate` call answers; the same for the same parts. */
  readonly answer: string;
  /** For the audit trail. */
  readonly record: AuditEntry;
}

/** @throws StopError `HANDOFF_MISSING` when a part is missing. */
export async function mergeParts(session: Session, { attempt, tree: before, ids, parts }: Merging): Promise<Merged> {
  let tree = before;
  const reports: object[] = [];
  for (const id of ids) {
    const found = parts.find((part) => part.id === id);
    if (found === undefined)
      throw new StopError('HANDOFF_MISSING', `the part of ${id} is missing: ${parts.length} of ${ids.length} came back`);
    const part = await bodyOf(session, found.ref, partBodySchema);
    const report = {
      id,
      title: part.title,
      status: part.status,
      ...(part.code === undefined ? {} : { code: part.code }),
      summary: part.summary,
    };
    if (part.status !== 'done') {
      reports.push({ ...report, merged: false });
      continue;
    }
    const result = await session.places.repository.merge(part.base, tree, part.tree);
    if (result.kind === 'clean') {
      tree = result.tree;
      reports.push({ ...report, merged: true, changed: part.changes.map((change) => `${change.status} ${change.path}`).slice(0, 50) });
    } else reports.push({ ...report, merged: false, code: 'MERGE_CONFLICT', conflict: await versions(session, tree, part, result.paths) });
  }
  const merged = reports.filter((report) => 'merged' in report && report.merged === true).length;
  const record = {
    threadId: session.facts.threadId,
    actor: 'governor',
    action: 'parts-merged',
    stage: 'build',
    attempt,
    facts: { tree, parts: ids.length, merged },
  };
  return { tree, answer: JSON.stringify({ reports }), record };
}

/** Both versions of what could not be merged: the files as they are now, and as this sub-agent left them. */
async function versions(session: Session, tree: string, part: PartBody, paths: readonly string[]): Promise<object[]> {
  const shown = async (of: string, path: string): Promise<string | null> => {
    const bytes = await session.places.repository.readFile(of, path);
    if (bytes === undefined) return null;
    if (bytes.includes(0)) return `[binary, ${bytes.length} bytes]`;
    const text = session.doors.redact(bytes.toString('utf8'));
    return text.length > SHOWN_BYTES ? `${text.slice(0, SHOWN_BYTES)}\n[cut: ${text.length} characters]` : text;
  };
  const seen = await Promise.all(
    paths.slice(0, SHOWN_PATHS).map(async (path) => ({ path, now: await shown(tree, path), theirs: await shown(part.tree, path) })),
  );
  return paths.length > SHOWN_PATHS ? [...seen, { more: paths.slice(SHOWN_PATHS, 100) }] : seen;
}
