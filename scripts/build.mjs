/**
 * The first half of `npm run build`: bundles the rooms to dist/ with what they import from small packages, writes their types, brings their prompts and
 * pages along. It writes nothing outside of dist/: the test set-up runs it, and must not mend what the tests compare.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const ROOMS = ['domain', 'checkpoints', 'models', 'tools', 'nodes', 'graphs', 'runtime', 'server', 'cli', 'web'];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const place = join(root, 'dist');
// Built beside and renamed: a build that fails, or a program that runs meanwhile, keeps the one before.
const dist = join(root, `dist.next-${process.pid}`);

rmSync(dist, { recursive: true, force: true });
const compiled = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', dist],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
if (compiled.status !== 0) process.exit(1);
await bundle(root, dist);

for (const room of ROOMS) {
  if (!existsSync(join(root, room))) continue;
  for (const entry of readdirSync(join(root, room), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.ts') || entry.parentPath.includes('node_modules')) continue;
    const from = join(entry.parentPath, entry.name);
    cpSync(from, join(dist, from.slice(root.length + 1)));
  }
}

const command = join(dist, 'cli/main.js');
if (existsSync(command)) chmodSync(command, 0o755);

const before = join(root, `dist.before-${process.pid}`);
rmSync(before, { recursive: true, force: true });
if (existsSync(place)) renameSync(place, before);
renameSync(dist, place);
rmSync(before, { recursive: true, force: true });
