/** Before the suite: builds the package when a source is newer than what was built, for the tests that start its processes. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOMS = ['domain', 'checkpoints', 'models', 'tools', 'nodes', 'graphs', 'runtime', 'server', 'cli'];

export default function setup(): void {
  const built = statSync('dist/cli/main.js', { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = Math.max(
    ...ROOMS.filter((room) => existsSync(room)).flatMap((room) =>
      readdirSync(room, { recursive: true, encoding: 'utf8' }).map((path) => statSync(join(room, path)).mtimeMs),
    ),
  );
  if (newest > built) execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
}
