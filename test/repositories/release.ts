/** Releases a change on an odd repository by the real operations, and holds what is left against plain git. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { openOperations } from '../../runtime/operations.ts';
import { approve, critic, planReply, submit, tool, write } from '../story/world.ts';
import { expectedTree } from './expected.ts';
import { type Ground, makeGround } from './ground.ts';
import { type Changes, DEFAULT_COMMAND, type Odd } from './odd.ts';
import { stateOf } from './state.ts';

export async function release(odd: Odd): Promise<void> {
  const [real, twin] = [makeGround(), makeGround()];
  const environment = { ...process.env };
  try {
    for (const at of [real, twin]) odd.build(at);
    Object.assign(process.env, { HOME: real.home, ...odd.environment?.(real) });
    delete process.env['XDG_CONFIG_HOME'];
    await judge(odd, real, twin);
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
    for (const at of [real, twin]) at.dispose();
  }
}

async function judge(odd: Odd, real: Ground, twin: Ground): Promise<void> {
  const branch = `refs/heads/${odd.branch ?? 'main'}`;
  const repo = join(real.folder, odd.repo ?? 'repo');
  const at = odd.checkout === null ? undefined : join(real.folder, odd.checkout ?? odd.repo ?? 'repo');
  const before = at === undefined ? undefined : stateOf(real, at);
  const base = tipOf(real, repo, branch);
  // Git itself may have run what the user configured, while it was asked.
  rmSync(real.marker, { force: true });
  const ended = await run(odd, real, repo);
  expect(existsSync(real.marker), 'something of the repository was run').toBe(false);
  if (odd.ends === undefined) expect(ended).toEqual({ status: 'released', reason: null, words: '' });
  else if ('stopped' in odd.ends) expect(ended).toMatchObject({ status: 'stopped', reason: odd.ends.stopped });
  else expect(ended).toMatchObject({ status: 'refused', words: expect.stringMatching(odd.ends.refused) });
  const tip = tipOf(real, repo, branch);
  if (odd.ends !== undefined) expect(tip).toBe(base);
  else if (base === undefined || tip === undefined) expect.unreachable(`${branch} is gone`);
  else treeIs(odd, real, { repo, base, tip });
  if (at === undefined) return;
  const follows = odd.ends === undefined && odd.follows !== false;
  expect(stateOf(real, at)).toEqual(follows ? merged(odd, real, twin, { repo, base, tip }) : before);
}

const tipOf = (at: Ground, repo: string, branch: string): string | undefined => {
  try {
    return at.gitIn(repo, ['rev-parse', '--verify', '--quiet', branch]);
  } catch {
    return undefined;
  }
};

interface Ended {
  readonly status: string;
  readonly reason: string | null;
  readonly words: string;
}

async function run(odd: Odd, at: Ground, repo: string): Promise<Ended> {
  const scriptFile = join(at.folder, 'script.yaml');
  const replies = [
    planReply(1, ['**']),
    write(1, 1, 'added.txt', 'added\n'),
    tool('lead', 1, 2, 'run_command', { shell: odd.command ?? DEFAULT_COMMAND }),
    submit(1, 3),
    critic(1),
  ];
  writeFileSync(
    scriptFile,
    stringify({ version: 1, replies: replies.map((reply) => ({ agent: reply.role === 'lead' ? 'lead' : '-', ...reply })) }),
  );
  const operations = await openOperations({ home: join(at.folder, 'governor'), env: { PATH: process.env['PATH'] ?? '' } });
  try {
    const created = await operations.create({ goal: 'Change a file', repo, scriptFile }).catch((error: unknown) => error as Error);
    if (created instanceof Error) return { status: 'refused', reason: null, words: created.message };
    let result = await operations.drive(created.threadId);
    for (let gates = 0; result.status === 'waiting' && gates < 5; gates += 1) result = await approve(operations, result.thread_id);
    const words = result.status === 'released' ? '' : JSON.stringify(await operations.audit(result.thread_id).then((all) => all.slice(-3)));
    return { status: result.status, reason: result.reason?.code ?? null, words };
  } finally {
    await operations.close();
  }
}

interface Moved {
  readonly repo: string;
  readonly base: string | undefined;
  readonly tip: string | undefined;
}

function treeIs(odd: Odd, at: Ground, { repo, base, tip }: { repo: string; base: string; tip: string }): void {
  const changes: Changes = {
    ...(odd.changesKept === false || odd.command !== undefined ? {} : { 'kept.txt': 'changed\n' }),
    'added.txt': 'added\n',
    ...odd.changes,
  };
  const common = at.gitIn(repo, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
  const gitDir = at.gitIn(repo, ['rev-parse', '--absolute-git-dir']);
  const tree = at.gitIn(repo, ['--no-replace-objects', 'rev-parse', `${tip}^{tree}`]);
  const expected = expectedTree(at, gitDir, join(common, 'objects'), base, changes);
  const names = execFileSync('git', ['diff-tree', '-r', '--raw', expected, tree], {
    cwd: repo,
    env: { ...process.env, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(at.folder, 'expected'), HOME: at.home },
    encoding: 'utf8',
  });
  expect(names, 'differs from the expected tree').toBe('');
  expect(tree).toBe(expected);
  at.gitIn(repo, ['--no-replace-objects', 'merge-base', '--is-ancestor', base, tip]);
  for (const [path, wanted] of Object.entries(changes))
    if (wanted !== null) at.gitIn(repo, ['--no-replace-objects', '--literal-pathspecs', 'cat-file', '-e', `${tip}:${path}`]);
}

/** The state of a repository that was built the same way, after `git merge --ff-only` of what was released. */
function merged(odd: Odd, real: Ground, twin: Ground, { repo, base, tip }: Moved): unknown {
  const at = join(twin.folder, odd.checkout ?? odd.repo ?? 'repo');
  expect(tipOf(twin, at, `refs/heads/${odd.branch ?? 'main'}`), 'the twin is another').toBe(base);
  const common = twin.gitIn(at, ['rev-parse', '--path-format=absolute', '--git-common-dir']);
  const objects = join(real.gitIn(repo, ['rev-parse', '--path-format=absolute', '--git-common-dir']), 'objects');
  mkdirSync(join(common, 'objects', 'info'), { recursive: true });
  appendFileSync(join(common, 'objects', 'info', 'alternates'), `${objects}\n`);
  twin.gitIn(at, ['-c', 'core.hooksPath=/dev/null', 'merge', '--ff-only', '-q', tip ?? '']);
  return stateOf(twin, at);
}
