/** What happens to a scenario's world while its run waits: people work on, disks are touched, the process dies. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runProcess } from '../tools/process.ts';

const text = z.strictObject({ path: z.string().min(1), text: z.string() });

export const eventSchema = z.union([
  /** A person edits a file of the checkout and does not commit it. */
  z.strictObject({ write: text }),
  /** A person commits a file to the branch. */
  z.strictObject({ commit: text }),
  /** The person's uncommitted edits are gone again. */
  z.strictObject({ clean: z.literal(true) }),
  /** Somebody changes a file of the dossier. */
  z.strictObject({ tamper: z.string().min(1) }),
  /** The process that goes on dies by SIGKILL at this failpoint. */
  z.strictObject({ killed_at: z.string().min(1) }),
]);
export type Event = z.infer<typeof eventSchema>;

export interface Place {
  readonly repo: string;
  readonly home: string;
  readonly threadId: string;
  readonly path: string;
}

/** @throws Error when a process that was to die did not. */
export async function happen(event: Event, place: Place): Promise<void> {
  if ('write' in event) put(place.repo, event.write);
  else if ('commit' in event) {
    put(place.repo, event.commit);
    await gitIn(place, 'add', '-A');
    await gitIn(place, 'commit', '-q', '-m', `change ${event.commit.path}`);
  } else if ('clean' in event) await gitIn(place, 'checkout', '-q', '--', '.');
  else if ('tamper' in event) appendFileSync(join(place.home, 'runs', place.threadId, event.tamper), '\n');
  else await dieAt(event.killed_at, place);
}

function put(repo: string, file: { path: string; text: string }): void {
  mkdirSync(dirname(join(repo, file.path)), { recursive: true });
  writeFileSync(join(repo, file.path), file.text);
}

/** Git as the scenario's person. @throws Error with what git said. */
export async function gitIn(place: Pick<Place, 'repo' | 'path'>, ...args: readonly string[]): Promise<void> {
  const who = ['AUTHOR', 'COMMITTER'].flatMap((one) => [
    [`GIT_${one}_NAME`, 'Demo'],
    [`GIT_${one}_EMAIL`, 'demo@localhost'],
  ]);
  const env = {
    PATH: place.path,
    HOME: '/nonexistent',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...Object.fromEntries(who),
  };
  const done = await runProcess(['git', ...args], { cwd: place.repo, env, timeoutMs: 60_000 });
  if (done.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr.toString('utf8')}`);
}

async function dieAt(point: string, place: Place): Promise<void> {
  const self = fileURLToPath(import.meta.url);
  const program = join(dirname(self), `die-at-failpoint${extname(self)}`);
  const loader = extname(self) === '.ts' ? ['--import', 'tsx'] : [];
  const done = await runProcess([process.execPath, ...loader, program, place.home, place.threadId, point], {
    cwd: dirname(self),
    env: { PATH: place.path },
    timeoutMs: 120_000,
  });
  if (done.exitCode !== null || done.timedOut)
    throw new Error(
      `the run was to be killed at ${point}; it ended with ${done.exitCode ?? 'no end'}: ${done.stderr.toString('utf8').slice(0, 500)}`,
    );
}
