/** Whether a server works on this home: it says so every second, and the command line leaves approved threads to it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { House } from './house.ts';

/** A server that has said nothing for so long is gone, in ms. */
const SILENT_MS = 5000;

const fileOf = (house: House): string => join(house.home, 'server.alive');

/** Several servers of one home write the same: one of them is enough. */
export function announceServer(house: House): void {
  const file = fileOf(house);
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, String(house.clock.now()));
  renameSync(fresh, file);
}

/** At its end; another server of the home says so again within the second. */
export function withdrawServer(house: House): void {
  rmSync(fileOf(house), { force: true });
}

export function isServed(house: House): boolean {
  try {
    const age = house.clock.now() - Number(readFileSync(fileOf(house), 'utf8'));
    return age < SILENT_MS && age > -SILENT_MS;
  } catch {
    return false;
  }
}
