/** The process that holds a lease: this one, and whether another one still lives. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { LeaseOwner } from '../domain/ports.ts';

/** A lease without a heartbeat ends after this, in ms. */
export const LEASE_MS = 10_000;

/** When a process started, in clock ticks since boot; undefined when there is no such process. */
function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

export function thisProcess(): LeaseOwner {
  return { host: hostname(), pid: process.pid, startTicks: startTicks(process.pid) ?? 0 };
}

/** A process of another host is believed as long as its lease runs. */
export function isAlive(owner: LeaseOwner): boolean {
  if (owner.host !== hostname()) return true;
  if (process.platform === 'linux') return startTicks(owner.pid) === owner.startTicks;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch {
    return false;
  }
}
