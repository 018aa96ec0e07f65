/** `governor log`: what the agents of a run said and did. */
import type { LogEvent } from '../../domain/log.ts';
import type { CommonFlags, Invocation } from '../io.ts';
import { logLines } from '../log-lines.ts';

export interface LogFlags extends CommonFlags {
  readonly agent?: string;
  readonly follow?: boolean;
}

/** How often it looks whether its reader has gone, in ms. */
const GONE_MS = 500;

/** Always 0 when the log could be read: however the run ends, looking has worked. */
export async function log({ operations, io, flags }: Invocation<LogFlags>, word: string): Promise<number> {
  const { agent } = flags;
  const print = (event: LogEvent): void => io.stdout(flags.json === true ? `${JSON.stringify(event)}\n` : `${logLines(event)}\n`);
  if (flags.follow !== true) {
    for (const event of await operations.log(word, { agent })) print(event);
    return 0;
  }
  const leave = new AbortController();
  const interrupt = (): void => leave.abort();
  process.on('SIGINT', interrupt);
  const gone = setInterval(() => {
    if (io.isGone?.() === true) leave.abort();
  }, GONE_MS);
  try {
    const end = await operations.followLog(word, { agent, onEvent: print, signal: leave.signal });
    if (end === 'dead') {
      const { thread_id: threadId } = await operations.result(word);
      io.stderr(`no process runs it; go on with: ${operations.pasted(`governor resume ${threadId.slice(0, 8)}`)}\n`);
    }
    return 0;
  } finally {
    clearInterval(gone);
    process.off('SIGINT', interrupt);
  }
}
