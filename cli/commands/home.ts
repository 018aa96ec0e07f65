/** The commands that look at or look after a whole home. */
import { visible } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';
import { parseDuration } from '../../domain/written-values.ts';
import { finish } from '../drive.ts';
import { homeRuns } from '../home-runs.ts';
import type { CommonFlags, HomeInvocation, Invocation } from '../io.ts';
import { dollars, recordLine } from '../print.ts';

const print = ({ io, flags }: Pick<Invocation, 'io' | 'flags'>, value: unknown, text: () => string): number => {
  io.stdout(flags.json === true ? `${JSON.stringify(value)}\n` : `${text()}\n`);
  return 0;
};

/** `30d` and the like as ms. @throws UsageError naming the flag. */
export function durationFlag(flag: string, word: string): number {
  const ms = parseDuration(word);
  if (ms === undefined) throw new UsageError(`${flag} ${JSON.stringify(word)}: is not a duration; write 30s, 5m, 2h or 30d`);
  return ms;
}

/** Dollars as whole micro-dollars. @throws UsageError naming the flag. */
export function dollarsFlag(flag: string, word: string): number {
  const micro = Math.round(Number(word) * 1_000_000);
  if (!/^\d+(\.\d{1,6})?$/.test(word) || micro <= 0)
    throw new UsageError(`${flag} ${JSON.stringify(word)}: is an amount of dollars above 0, with at most 6 decimals`);
  return micro;
}

export async function approvals(invocation: Invocation): Promise<number> {
  const rows = await invocation.operations.pending();
  return print(invocation, rows, () =>
    rows.length === 0
      ? 'nothing waits for a person'
      : rows
          .map((row) =>
            visible(`${row.threadId}  ${row.gate}  role ${row.required.role}  subject ${row.subject.digest}  since ${row.createdAt}`),
          )
          .join('\n'),
  );
}

export async function files(invocation: Invocation, thread: string, name: string | undefined): Promise<number> {
  const { operations } = invocation;
  if (name !== undefined) {
    const text = await operations.file(thread, name);
    return print(invocation, { path: name, text }, () => visible(text));
  }
  const list = await operations.files(thread);
  return print(invocation, list, () => list.map((file) => `${String(file.bytes).padStart(9)}  ${visible(file.path)}`).join('\n'));
}

export async function audit(invocation: HomeInvocation, word: string | undefined): Promise<number> {
  const { operations, io, flags } = invocation;
  if (word === 'verify') {
    const verdict = await operations.verifyAudit();
    print(invocation, verdict, () =>
      verdict.kind === 'whole'
        ? `whole: ${verdict.records} records, head ${verdict.head}${verdict.signed === 0 ? '' : `, ${verdict.signed} seal(s) signed`}`
        : `BROKEN at record ${verdict.seq}: ${verdict.problem}`,
    );
    return verdict.kind === 'whole' ? 0 : 3;
  }
  for (const record of await operations.audit(word))
    io.stdout(flags.json === true ? `${JSON.stringify(record)}\n` : `${record.seq} ${recordLine(record)}\n`);
  return 0;
}

export async function collect(invocation: HomeInvocation<CommonFlags & { readonly older?: string }>): Promise<number> {
  const { operations, flags } = invocation;
  const done = await operations.gc(flags.older === undefined ? undefined : durationFlag('--older', flags.older));
  return print(
    invocation,
    done,
    () =>
      `removed ${done.workTrees} work tree folder(s), the working data of ${done.threads} thread(s), ${done.refs} ref(s), the streamed events of ${done.streams} run(s)`,
  );
}

export async function backup(invocation: HomeInvocation, file: string): Promise<number> {
  const done = await invocation.operations.backup(file);
  return print(invocation, done, () => `${file}: ${done.bytes} bytes`);
}

export async function doctor(invocation: HomeInvocation<CommonFlags & { readonly repo?: string }>): Promise<number> {
  const { operations, flags } = invocation;
  const { existsSync } = await import('node:fs');
  const report = await operations.doctor(flags.repo ?? (existsSync('governor.yaml') ? '.' : undefined));
  print(invocation, report, () =>
    [
      ...report.lines.map((line) => visible(`${line.ok ? 'ok  ' : 'FAIL'} ${line.name.padEnd(16)} ${line.detail}`)),
      ...report.canaries.map((canary) =>
        visible(`${canary.ok ? 'ok  ' : 'FAIL'}   canary: ${canary.name}${canary.ok ? '' : `: ${canary.detail}`}`),
      ),
    ].join('\n'),
  );
  return report.lines.every((line) => line.ok) ? 0 : 2;
}

export async function rollback(
  { operations, io, flags }: HomeInvocation<CommonFlags & { readonly reason?: string }>,
  word: string,
): Promise<number> {
  const result = await operations.rollback(word, flags.reason ?? 'rolled back by a person');
  if (flags.json !== true) io.stderr(`rolled back; the run cost ${dollars(result.spend.cost_micro_usd)}\n`);
  return finish({ io, flags, operations: homeRuns(operations, io.env) }, result);
}
