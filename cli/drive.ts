/** Runs a thread with progress: follows its audit trail, drains on the first Ctrl-C and aborts on the second. */
import { exitCodeOf, type RunResult } from '../domain/run.ts';
import type { DriveOptions } from '../runtime/options.ts';
import type { Invocation } from './io.ts';
import { recordLine, resultText } from './print.ts';
import type { Runs } from './runs.ts';
import { liveTree } from './tree.ts';

interface Finished extends Pick<Invocation, 'io' | 'flags'> {
  readonly operations: Pick<Runs, 'pasted' | 'next'>;
}

/** Prints the result the way the flags ask for; gives the exit code. */
export function finish({ io, flags, operations }: Finished, result: RunResult): number {
  io.stdout(flags.json === true ? `${JSON.stringify(result)}\n` : `${resultText(result, operations)}\n`);
  return exitCodeOf(result);
}

/** Drives until the thread rests; `go` is what runs it. */
export async function driveWithProgress(
  invocation: Invocation,
  threadId: string,
  go: (options: DriveOptions) => Promise<RunResult>,
): Promise<number> {
  const { operations, io, flags } = invocation;
  const drain = new AbortController();
  const abort = new AbortController();
  const ended = new AbortController();
  const interrupt = (): void => {
    if (drain.signal.aborted) abort.abort();
    else io.stderr(`${operations.onInterrupt}\n`);
    drain.abort();
  };
  const terminate = (): void => drain.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  process.on('SIGHUP', terminate);
  const tree = io.isTTY && flags.json !== true && flags.quiet !== true ? liveTree(io.stderr, io.size) : undefined;
  // Plain lines tell what happens from now on; `governor audit` has the rest.
  const toldSeq = (await operations.audit(threadId)).at(-1)?.seq ?? 0;
  const following = operations.follow(
    threadId,
    (record) => {
      if (flags.json === true) io.stdout(`${JSON.stringify(record)}\n`);
      else if (tree !== undefined) tree.add(record);
      else if (flags.quiet !== true && record.seq > toldSeq) io.stderr(`${recordLine(record)}\n`);
    },
    ended.signal,
  );
  // It may fail first, and is asked about at the end.
  following.catch(() => undefined);
  let result: RunResult;
  try {
    result = await go({ drain: drain.signal, signal: abort.signal, ...(tree === undefined ? {} : { onText: tree.hear }) });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
    process.off('SIGHUP', terminate);
    ended.abort();
    await following;
    tree?.done();
  }
  if (result.status === 'running')
    io.stderr(`another process runs it and goes on; look with: ${operations.pasted(`governor watch ${threadId.slice(0, 8)}`)}\n`);
  return finish(invocation, result);
}
