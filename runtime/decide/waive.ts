/** The findings that a person lets pass with a release: each is named, and none that is not theirs to waive. */
import { UsageError } from '../../domain/errors.ts';
import { type Finding, reviewBodySchema } from '../../domain/handoff.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import { isWaivable, openFindings } from '../../domain/waivers.ts';
import { newest } from '../look/handed-over.ts';
import type { DecideOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';

/** What the vote records. @throws UsageError naming what is still open, or what cannot be waived. */
export async function waived(runtime: Runtime, approval: ApprovalRow, options: DecideOptions): Promise<{ waive?: readonly string[] }> {
  const { waive = [], decision } = options;
  const { gate, subject, threadId } = approval;
  if (gate !== 'release' && waive.length > 0) throw new UsageError(`--waive: only goes with a release gate; the pending gate is "${gate}"`);
  if (decision === 'rejected' && waive.length > 0) throw new UsageError('--waive: goes with an approval; a rejection waives nothing');
  if (gate !== 'release' || decision === 'rejected' || (waive.length === 0 && subject['findings'] === undefined)) return {};
  const review = await newest(runtime, threadId, { kind: '30-review', schema: reviewBodySchema, sha256: subject['review'] });
  const findings = review?.findings ?? [];
  const open = openFindings({ findings });
  for (const id of waive) if (!open.some((one) => one.id === id)) throw new UsageError(notOpen(id, findings, open));
  const missing = open.filter(({ id }) => !waive.includes(id));
  if (missing.length > 0)
    throw new UsageError(
      `approval ${approval.id}: ${missing.map(named).join('; ')} must be waived by whoever approves; to let them pass add ${missing
        .map(({ id }) => `--waive ${id}`)
        .join(
          ' ',
        )} (governor approve ${threadId.slice(0, 8)} --subject ${subject.digest} ${open.map(({ id }) => `--waive ${id}`).join(' ')})`,
    );
  return open.length === 0 ? {} : { waive: open.map(({ id }) => id) };
}

const named = ({ id, code, path, message }: Finding): string =>
  `${id} (${code}${path === undefined ? '' : ` ${path}`}: ${(message.split('\n')[0] ?? '').slice(0, 120)})`;

function notOpen(id: string, findings: readonly Finding[], open: readonly Finding[]): string {
  const found = findings.find((one) => one.id === id);
  const waits = open.length === 0 ? 'nothing has to be waived' : `open are ${open.map((one) => one.id).join(', ')}`;
  if (found === undefined) return `--waive ${JSON.stringify(id)}: the review has no such finding; ${waits}`;
  return `--waive ${id}: ${found.code} is ${isWaivable(found) ? 'not open' : 'a finding that nobody may waive'}; ${waits}`;
}
