/** Prints on: the log of a thread as it is written, by whatever process runs it. */
import type { LogEvent } from '../../domain/log.ts';
import type { RunRow } from '../../domain/ports.ts';
import type { Runtime } from '../runtime.ts';
import { assertAgent, type LogOptions, openLog } from './log.ts';

/** How often the stores are asked, in ms. */
const POLL_MS = 200;
/** A process that has just begun needs a moment until it holds the thread, in ms. */
const DEAD_MS = 5000;

export interface LogFollower extends LogOptions {
  readonly onEvent: (event: LogEvent) => void;
  /** The follower leaves. */
  readonly signal: AbortSignal;
}

/** `rested`: it ended or waits; `left`: the follower did; `dead`: nobody runs it. @throws UsageError for an agent that is unknown. */
export async function followLog(runtime: Runtime, row: RunRow, follower: LogFollower): Promise<'rested' | 'left' | 'dead'> {
  const { agent, after = -1, onEvent, signal } = follower;
  const reader = await openLog(runtime, row);
  let deadSince: number | undefined;
  for (let checked = false; ; checked = true) {
    // How it stands is looked at first: what was recorded before is then read for sure.
    const now = (await runtime.stores.runs.get(row.threadId)) ?? row;
    const events = await reader.next();
    if (!checked) assertAgent(now, reader.agents, agent);
    for (const event of events) if (event.seq > after && (agent === undefined || event.agent === agent)) onEvent(event);
    if (signal.aborted) return 'left';
    if (!now.live && now.status !== 'running') return 'rested';
    deadSince = now.live ? undefined : (deadSince ?? runtime.clock.monotonic());
    if (deadSince !== undefined && runtime.clock.monotonic() - deadSince > DEAD_MS) return 'dead';
    await pause(signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((wake) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      wake();
    };
    const timer = setTimeout(done, POLL_MS);
    signal.addEventListener('abort', done);
  });
}
