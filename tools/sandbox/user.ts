/** As whom a root governor runs commands: each run as a user of its own, so that one can neither signal nor starve nor read another. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Above what systemd gives to containers (UIDS-GIDS), below what is no user. */
const WIDE = { first: 1_900_000_000, count: 200_000_000 } as const;
/** Where the governor is itself in a container with 65,536 users: what systemd keeps for services that are no accounts. */
const NARROW = { first: 61_184, count: 4_336 } as const;

/** The user of a run, the same in every process; the range's first for what belongs to no run. @param map `/proc/self/uid_map` */
export function userOf(run: string | undefined, map: string = readFileSync('/proc/self/uid_map', 'utf8')): number {
  const { first, count } = isMapped(map, WIDE.first + WIDE.count) ? WIDE : NARROW;
  if (run === undefined) return first;
  return first + 1 + (createHash('sha256').update(run).digest().readUInt32BE(0) % (count - 1));
}

/** Whether this process's user namespace knows a user. */
function isMapped(map: string, user: number): boolean {
  return map.split('\n').some((line) => {
    const [inside = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return user >= inside && user < inside + count;
  });
}
