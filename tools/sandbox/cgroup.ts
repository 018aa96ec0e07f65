/** A control group for each command, where the system has delegated a part of its tree (cgroup v2) to the governor: memory and processes together. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SandboxLimits } from '../../domain/sandbox-limits.ts';

const CONTROLLERS = ['memory', 'pids'] as const;
const MIB = 1024 * 1024;
/** A group goes when its last process is reaped: how often that is looked at, and how long between, in ms. */
const TRIES = 20;
const WAIT_MS = 25;

export interface Group {
  /** Who writes its own number there is in the group. */
  readonly processes: string;
  /** Kills what is left in it, and removes it. */
  readonly remove: () => Promise<void>;
}

/**
 * The folder in which groups may be made: this process's own group or the one above, if its children have both controllers and it may be
 * written. Undefined: none. @param root where cgroup v2 is mounted; @param own `/proc/self/cgroup`
 */
export function delegatedFolder(root = '/sys/fs/cgroup', own = read('/proc/self/cgroup')): string | undefined {
  const [, path] = /^0::(\/.*)$/m.exec(own) ?? [];
  if (path === undefined || !existsSync(join(root, 'cgroup.controllers'))) return undefined;
  const group = join(root, path);
  return [group, dirname(group)].filter((folder) => folder.startsWith(root)).find(isDelegated);
}

function isDelegated(folder: string): boolean {
  const enabled = read(join(folder, 'cgroup.subtree_control')).trim().split(/\s+/);
  if (!CONTROLLERS.every((one) => enabled.includes(one))) return false;
  try {
    for (const place of [folder, join(folder, 'cgroup.procs')]) accessSync(place, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

let made = 0;

/** Swap is not given either, and when one process is out of memory all of the group go. */
export function makeGroup(folder: string, { memoryMiB, processes }: SandboxLimits): Group {
  removeAbandoned(folder);
  made += 1;
  const path = join(folder, `governor-${process.pid}-${made}`);
  mkdirSync(path);
  writeFileSync(join(path, 'memory.max'), String(memoryMiB * MIB));
  writeFileSync(join(path, 'pids.max'), String(processes));
  // Kernels without swap accounting or of before 4.19 have no such file.
  if (existsSync(join(path, 'memory.swap.max'))) writeFileSync(join(path, 'memory.swap.max'), '0');
  if (existsSync(join(path, 'memory.oom.group'))) writeFileSync(join(path, 'memory.oom.group'), '1');
  return {
    processes: join(path, 'cgroup.procs'),
    remove: async () => {
      if (existsSync(join(path, 'cgroup.kill'))) writeFileSync(join(path, 'cgroup.kill'), '1');
      for (let tries = 0; tries < TRIES && !isRemoved(path); tries += 1) await new Promise((wake) => setTimeout(wake, WAIT_MS));
    },
  };
}

/** Of governors that were killed. */
function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, owner] = /^governor-(\d+)-\d+$/.exec(name) ?? [];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) isRemoved(join(folder, name));
  }
}

function isRemoved(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
