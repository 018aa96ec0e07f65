/** Control groups of the kernel itself: their limits hold where it delegates them here, and no such layer is claimed where it does not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { sandboxLimitsSchema } from '../../../domain/sandbox-limits.ts';
import { delegatedFolder, makeGroup } from '../../../tools/sandbox/cgroup.ts';
import { createSandbox } from '../../../tools/sandbox.ts';

/** Where cgroup v2 is mounted. */
const mounts = (existsSync('/proc/self/mountinfo') ? readFileSync('/proc/self/mountinfo', 'utf8') : '')
  .split('\n')
  .flatMap((line) => (/ - cgroup2 /.test(line) ? [line.split(' ')[4] ?? ''] : []));

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmdirSync(folder);
});

/** A folder in which the kernel lets this test make groups with both controllers, or why there is none. */
function delegation(): { readonly folder: string } | { readonly why: string } {
  const own = delegatedFolder();
  if (own !== undefined) return { folder: own };
  const [root] = mounts;
  if (root === undefined) return { why: 'cgroup v2 is not mounted here' };
  const enabled = readFileSync(join(root, 'cgroup.subtree_control'), 'utf8').trim().split(/\s+/);
  const missing = ['memory', 'pids'].filter((one) => !enabled.includes(one));
  if (missing.length > 0) return { why: `cgroup v2 at ${root} gives its children no ${missing.join(' and ')} controller` };
  const folder = join(root, `governor-test-${process.pid}`);
  try {
    accessSync(root, constants.W_OK);
    mkdirSync(folder);
    made.push(folder);
    writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory +pids');
    return { folder };
  } catch (error) {
    return { why: `no group can be made in ${root}: ${error instanceof Error ? error.message : ''}` };
  }
}

async function ended(processes: string, script: string): Promise<{ code: number | null; signal: string | null }> {
  const child = spawn('sh', ['-c', 'echo $$ > "$0" && exec "$@"', processes, process.execPath, '-e', script], { stdio: 'ignore' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]; // what a process ends with
  return { code, signal };
}

/** Two processes that hold 96 MiB each, and twenty that sleep. */
const TWO = `const hold = 'const all = Buffer.alloc(96 << 20, 1); setTimeout(() => all.length, 3000)';
const { spawn } = require('node:child_process'); let bad = 0, left = 2;
for (const _ of [1, 2]) spawn(process.execPath, ['-e', hold]).on('exit', (code) => { if (code !== 0) bad = 1; left -= 1; if (left === 0) process.exit(bad); });`;
const TWENTY = `const { spawnSync } = require('node:child_process'); const { status } = spawnSync('sh', ['-c', 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1 & done; wait']); process.exit(status ?? 1);`;

test('memory and processes of all together are bounded where the kernel delegates groups; elsewhere the layer is not claimed', async ({
  annotate,
}) => {
  const found = delegation();
  const state = mkdtempSync(join(tmpdir(), 'governor-group-'));
  const { layers } = createSandbox({ level: 'bwrap', stateFolder: state });
  rmSync(state, { recursive: true });
  expect(layers.includes('group-limits')).toBe(delegatedFolder() !== undefined);
  if ('why' in found) {
    await annotate(`not tried against the kernel: ${found.why}`, 'notice');
    for (const root of mounts) expect(delegatedFolder(root)).toBeUndefined();
    return;
  }
  const limits = { ...sandboxLimitsSchema.parse({}), memoryMiB: 1024, processes: 64 };
  const outcome = async (script: string, more: Partial<typeof limits>): Promise<boolean> => {
    const group = makeGroup(found.folder, { ...limits, ...more });
    const { code } = await ended(group.processes, script);
    await group.remove();
    expect(existsSync(dirname(group.processes))).toBe(false);
    return code === 0;
  };
  expect(await outcome(TWO, {})).toBe(true);
  expect(await outcome(TWO, { memoryMiB: 160 })).toBe(false);
  expect(await outcome(TWENTY, {})).toBe(true);
  expect(await outcome(TWENTY, { processes: 18 })).toBe(false);
}, 60_000);
