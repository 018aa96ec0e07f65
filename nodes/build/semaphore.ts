/** How many sub-agents of a run work at once: the others wait in line, first come, first served. */
import type { Session } from '../session.ts';

interface Line {
  free: number;
  readonly waiting: (() => void)[];
}

const lines = new WeakMap<Session, Line>();

/** Runs `work` when one of `limits.concurrency` places is free. */
export async function inLine<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  const line = lines.get(session) ?? { free: session.facts.limits.concurrency, waiting: [] };
  lines.set(session, line);
  if (line.free > 0) line.free -= 1;
  else await new Promise<void>((turn) => line.waiting.push(turn));
  try {
    return await work();
  } finally {
    const next = line.waiting.shift();
    if (next === undefined) line.free += 1;
    else next();
  }
}
