/** Control groups, in a folder that looks like the kernel's: which part of the tree counts as delegated, and what is written there. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sandboxLimitsSchema } from '../../../domain/sandbox-limits.ts';
import { delegatedFolder, makeGroup } from '../../../tools/sandbox/cgroup.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'governor-cgroup-'));
  writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory pids\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const group = (path: string, controllers: string): string => {
  const folder = join(root, path);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'cgroup.subtree_control'), `${controllers}\n`);
  writeFileSync(join(folder, 'cgroup.procs'), '');
  return folder;
};

test('the own group or the one above is used where its children have memory and pids; another is not', () => {
  const service = group('user.slice/governor.service', 'memory pids');
  group('user.slice/governor.service/main', '');
  const own = '12:memory:/old\n0::/user.slice/governor.service/main\n';
  expect(delegatedFolder(root, own)).toBe(service);
  expect(delegatedFolder(root, '0::/user.slice/governor.service\n')).toBe(service);
  writeFileSync(join(service, 'cgroup.subtree_control'), 'pids\n');
  expect(delegatedFolder(root, own)).toBeUndefined();
  expect(delegatedFolder(root, '12:memory:/old\n')).toBeUndefined();
  rmSync(join(root, 'cgroup.controllers'));
  expect(delegatedFolder(root, own)).toBeUndefined();
});

/** As the kernel removes a group: its files go with it. */
const emptied = (folder: string): void => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
};

test('a group has the limits of all together, and nothing of it stays, nor of a governor that was killed', async () => {
  const service = group('service', 'memory pids');
  mkdirSync(join(service, 'governor-4194305-1')); // above the highest number of a process
  mkdirSync(join(service, 'other'));
  const limits = sandboxLimitsSchema.parse({ memoryMiB: 512, processes: 64 });
  const [first, second] = [makeGroup(service, limits), makeGroup(service, limits)];
  const names = (): string[] => readdirSync(service).filter((name) => name.startsWith('governor-') || name === 'other');
  expect(names()).toHaveLength(3);
  expect(first.processes).not.toBe(second.processes);
  for (const { processes, remove } of [first, second]) {
    const folder = dirname(processes);
    expect(readFileSync(join(folder, 'memory.max'), 'utf8')).toBe(String(512 * 1024 * 1024));
    expect(readFileSync(join(folder, 'pids.max'), 'utf8')).toBe('64');
    emptied(folder);
    await remove();
  }
  expect(names()).toEqual(['other']);
});
