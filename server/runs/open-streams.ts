/** Counts the answers that each caller holds open: each costs a socket and a reader, so a caller has a share and not all. */
import type { OpenStreams } from '../context.ts';
import { Problem } from '../http/problem.ts';

export function createOpenStreams(perCaller: number, watch: { opened(): void; closed(): void }): OpenStreams {
  const open = new Map<string, number>();
  return {
    get size() {
      return [...open.values()].reduce((all, count) => all + count, 0);
    },
    assertRoom: (owner) => {
      const count = open.get(owner) ?? 0;
      if (count >= perCaller)
        throw new Problem(429, `${owner} has ${count} streams and waits open; at most ${perCaller} are allowed at once`);
    },
    opened: (owner) => {
      open.set(owner, (open.get(owner) ?? 0) + 1);
      watch.opened();
    },
    closed: (owner) => {
      const count = (open.get(owner) ?? 1) - 1;
      if (count <= 0) open.delete(owner);
      else open.set(owner, count);
      watch.closed();
    },
  };
}
