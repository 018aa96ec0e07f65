/** Whether a server works on this home: it says so every second, and the command line leaves approved threads to it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '../runtime.ts';

/** A server that has said nothing for so long is gone, in ms. */
const SILENT_MS = 5000;

const fileOf = (runtime: Runtime): string => join(runtime.home, 'server.alive');

/** Several servers of one home write the same: one of them is enough. */
export function announceServer(runtime: Runtime): void {
  const file = fileOf(runtime);
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, String(runtime.clock.now()));
  renameSync(fresh, file);
}

/** At its end; another server of the home says so again within the second. */
export function withdrawServer(runtime: Runtime): void {
  rmSync(fileOf(runtime), { force: true });
}

export function isServed(runtime: Runtime): boolean {
  try {
    const age = runtime.clock.now() - Number(readFileSync(fileOf(runtime), 'utf8'));
    return age < SILENT_MS && age > -SILENT_MS;
  } catch {
    return false;
  }
}
