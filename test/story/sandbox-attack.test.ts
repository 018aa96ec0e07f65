/** A machine whose sandbox does not work, and a repository that would do without one: no command runs, and nothing is released. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { makeWorld, planReply, submit, tool, type World, write } from './world.ts';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

let world: World | undefined;
afterEach(() => world?.dispose());

/** Runs a goal by the command where `/usr/bin/bwrap` is this file, in a mount namespace of its own. */
function runWith(
  bwrap: string | undefined,
  of: World,
  env: Record<string, string> = {},
): { code: number | null; out: string; ran: boolean } {
  const argv = [process.execPath, MAIN, 'run', 'Add a product', '--repo', of.repo, '--script', of.script, '--home', of.home, '--json'];
  const shell = 'if [ -n "$0" ]; then mount --bind "$0" /usr/bin/bwrap || exit 99; fi; exec "$@"';
  const done = spawnSync('unshare', ['-m', 'sh', '-c', shell, bwrap ?? '', ...argv], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { code: done.status, out: `${done.stdout}${done.stderr}`, ran: existsSync(join(of.folder, 'ran')) };
}

/** A run whose lead would leave a file outside of its tree. */
function open(config: object = {}): World {
  world = makeWorld({ config });
  const ran = join(world.folder, 'ran');
  world.replies([planReply(), tool('lead', 1, 1, 'run_command', { shell: `touch ${ran}` }), write(1, 2, 'src/a.js', 'x'), submit(1, 3)]);
  return world;
}

describe('where bubblewrap', () => {
  test.each([
    ['may not be started', (_of: World) => '/dev/null'],
    [
      'may make no namespace',
      (of: World) => {
        const file = join(of.folder, 'bwrap');
        writeFileSync(file, "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n", { mode: 0o755 });
        return file;
      },
    ],
    [
      'is a program that runs commands as they are',
      (of: World) => {
        const file = join(of.folder, 'bwrap');
        writeFileSync(file, '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n', { mode: 0o755 });
        return file;
      },
    ],
  ])('%s, the run stops SANDBOX_UNAVAILABLE and nothing was executed', (_how, bwrap) => {
    const of = open();
    const { out, ran } = runWith(bwrap(of), of);
    expect(out).toContain('SANDBOX_UNAVAILABLE');
    expect([ran, of.git('rev-list', '--count', '--all')]).toEqual([false, '1']);
  });

  test('works, the same run goes on', () => {
    const { code, out } = runWith(undefined, open());
    expect([code, out]).toEqual([expect.any(Number), expect.not.stringContaining('SANDBOX_UNAVAILABLE')]);
  });
});

describe('a level without walls', () => {
  test('is nothing that a repository can ask for', () => {
    for (const sandbox of [{ allowUnsafe: true }, { level: 'unsafe' }, 'unsafe']) {
      const of = open({ sandbox });
      const { code, out, ran } = runWith(undefined, of);
      expect([code, ran]).toEqual([2, false]);
      expect(out).toMatch(/governor\.yaml.*sandbox/s);
      of.dispose();
    }
  });

  test('is nothing that the environment can ask for without the operator’s file', () => {
    const of = open();
    const { out, ran } = runWith('/dev/null', of, { GOVERNOR_SANDBOX: 'unsafe' });
    expect(out).toContain('also needs sandbox.allowUnsafe: true in');
    expect(ran).toBe(false);
  });
});
