/** `governor init`: looks at the repository, runs its checks once, writes a commented `governor.yaml`. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { visible } from '../../domain/access.ts';
import { CODE_OWNERS_HOSTS, CODE_OWNERS_PLACES } from '../../domain/code-owners.ts';
import { configSchema } from '../../domain/config.ts';
import { toError, UsageError } from '../../domain/errors.ts';
import type { Repository, Sandbox } from '../../domain/workspace.ts';
import { parseYaml } from '../../runtime/yaml-file.ts';
import { policyWarnings } from '../../tools/policy-warnings.ts';
import { runProcess } from '../../tools/process.ts';
import { openRepository } from '../../tools/repository.ts';
import { createSandbox } from '../../tools/sandbox.ts';
import type { CommonFlags, Io } from '../io.ts';

export interface InitFlags extends CommonFlags {
  readonly repo: string;
  readonly commit?: boolean;
}

interface Tried {
  readonly id: string;
  readonly run: readonly string[];
  readonly exitCode: number | null;
  readonly seconds: number;
}

const packageSchema = z.object({ scripts: z.record(z.string(), z.unknown()).optional(), packageManager: z.string().optional() });
const SCRIPTS = ['test', 'lint', 'typecheck', 'check', 'build'];
const CHECK_TIMEOUT_MS = 5 * 60_000;

export async function initCommand(io: Io, flags: InitFlags): Promise<number> {
  const state = mkdtempSync(join(tmpdir(), 'governor-init-'));
  try {
    const repository = await openRepository(resolve(flags.repo), state);
    const file = join(repository.path, 'governor.yaml');
    const head = await repository.resolveCommit('HEAD');
    if (existsSync(file)) {
      await warn(file, repository, { head, io });
      throw new UsageError(`${file}: exists already; edit it, or remove it first`);
    }
    const branch = (await repository.currentBranch()) ?? 'main';
    const link = existsSync(join(repository.path, 'node_modules')) ? ['node_modules'] : [];
    const tried = await tryChecks(repository, createSandbox({ level: 'bwrap', stateFolder: state }), head, { link, state, io });
    writeFileSync(file, configText({ branch, link, tried, owners: await ownersLine(repository, head) }));
    await warn(file, repository, { head, io });
    const tell = flags.json === true ? io.stderr : io.stdout;
    tell(`wrote ${file}\n`);
    if (!tried.some(passed))
      tell('no check passes yet: reviews have nothing to stand on, so a person must judge every change (NO_CHECKS)\n');
    if (flags.commit === true) {
      await commit(repository.path, io);
      tell('committed it\n');
    } else tell('commit it, since runs read it from the base commit:\n  git add governor.yaml && git commit -m "Add governor.yaml"\n');
    tell('then, with OPENAI_API_KEY set:\n  governor run "<goal>" --repo .\n');
    if (flags.json === true) {
      const checks = tried.map(({ id, run, exitCode }) => ({ id, run, exit_code: exitCode }));
      io.stdout(`${JSON.stringify({ path: file, checks, committed: flags.commit === true })}\n`);
    }
    return 0;
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** Patterns that name nothing in the repository as it is; of a file that is no configuration, what is wrong with it. */
async function warn(file: string, repository: Repository, { head, io }: { readonly head: string; readonly io: Io }): Promise<void> {
  for (const line of await warningsOf(file, repository, head)) io.stderr(`warning: ${visible(line)}\n`);
}

async function warningsOf(file: string, repository: Repository, head: string): Promise<string[]> {
  try {
    const { value, lineOf } = parseYaml(readFileSync(file, 'utf8'), file, configSchema);
    return await policyWarnings(value, repository, head, (at) => `${file}:${lineOf(at)}`);
  } catch (error) {
    if (error instanceof UsageError) return [error.message];
    throw error;
  }
}

/** How to make red lines of the CODEOWNERS that is there; a team says so itself, since not everybody's owners must approve. */
async function ownersLine(repository: Repository, head: string): Promise<string> {
  const there = new Set((await repository.listTree(head)).map(({ path }) => path));
  const host = CODE_OWNERS_HOSTS.find((one) => CODE_OWNERS_PLACES[one].some((place) => there.has(place)));
  return host === undefined
    ? ''
    : `# protectFrom: { codeowners: ${host} }   # what CODEOWNERS owns is a red line too (github or gitlab: who reads it)\n`;
}

const passed = (one: Tried): boolean => one.exitCode === 0;

const MANAGERS = ['npm', 'pnpm', 'yarn', 'bun'];
const LOCK_FILES: Readonly<Record<string, string>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
  'package-lock.json': 'npm',
};
const PYTHON_FILES = ['pyproject.toml', 'pytest.ini', 'setup.py', 'setup.cfg', 'tox.ini'];

/** What `packageManager` says, else the lock file, else npm. */
function packageManager(folder: string, declared: string | undefined): string {
  const named = declared?.split('@')[0] ?? '';
  if (MANAGERS.includes(named)) return named;
  return Object.entries(LOCK_FILES).find(([file]) => existsSync(join(folder, file)))?.[1] ?? 'npm';
}

async function tryChecks(
  repository: Repository,
  sandbox: Sandbox,
  head: string,
  options: { link: readonly string[]; state: string; io: Io },
): Promise<Tried[]> {
  const folder = join(options.state, 'checkout');
  const workTree = await repository.checkout(await repository.treeOf(head), folder);
  const tried: Tried[] = [];
  for (const { id, run } of candidates(folder)) {
    options.io.stderr(`trying check ${id}: ${run.join(' ')}\n`);
    const links = options.link.map((at) => ({ at, root: repository.path, from: join(repository.path, at) }));
    const result = await sandbox.run({ argv: run, workspace: folder, links, scratch: [], network: false, timeoutMs: CHECK_TIMEOUT_MS });
    tried.push({ id, run, exitCode: result.exitCode, seconds: Math.ceil(result.durationMs / 1000) });
  }
  await workTree.remove();
  return tried;
}

function candidates(folder: string): { id: string; run: string[] }[] {
  const file = join(folder, 'package.json');
  if (existsSync(file)) {
    const parsed = packageSchema.safeParse(jsonOf(file)).data;
    const scripts = Object.keys(parsed?.scripts ?? {});
    const manager = packageManager(folder, parsed?.packageManager);
    return SCRIPTS.filter((name) => scripts.includes(name)).map((name) => ({
      id: name,
      // `bun test` is another thing: its own test runner.
      run: name === 'test' && manager !== 'bun' ? [manager, 'test'] : [manager, 'run', name],
    }));
  }
  if (existsSync(join(folder, 'go.mod'))) return [{ id: 'test', run: ['go', 'test', './...'] }];
  if (existsSync(join(folder, 'Cargo.toml'))) return [{ id: 'test', run: ['cargo', 'test', '--offline'] }];
  if (PYTHON_FILES.some((name) => existsSync(join(folder, name)))) return [{ id: 'test', run: ['python3', '-m', 'pytest', '-q'] }];
  return [];
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`package.json of HEAD: is not JSON (${toError(error).message})`);
  }
}

function configText(facts: {
  readonly branch: string;
  readonly link: readonly string[];
  readonly tried: readonly Tried[];
  readonly owners: string;
}): string {
  const line = (one: Tried): string =>
    `{ id: ${one.id}, run: ${JSON.stringify(one.run)}, timeout: ${Math.max(1, Math.ceil((one.seconds * 4) / 60))}m }`;
  const checks = facts.tried.map((one) =>
    passed(one)
      ? `  - ${line(one)}   # passed in ${one.seconds} s`
      : `#  - ${line(one)}   # exit code ${one.exitCode ?? 'none'}: mend it, then remove the first "#"`,
  );
  const active = facts.tried.some(passed);
  if (checks.length === 0) checks.push('#  - { id: test, run: ["make", "test"], timeout: 5m }');
  return `# Rules that agents run under. Read from the base commit: an agent cannot change them for its own run.
version: 1
patterns: 2                   # in paths only *, ** and ? are special; a folder means all below it
models:                       # any OpenAI-compatible endpoint; baseUrl and apiKey: secret://env/NAME are optional
  planner: { provider: openai, model: gpt-5.4 }
  lead: { provider: openai, model: gpt-5.4 }
  critic: { provider: openai, model: gpt-5.4 }
  lean: { provider: openai, model: gpt-5.4-mini }   # used when most of a limit is spent
limits:
  costUsd: 5.00               # hard: no call is made whose worst case does not fit
  machineTime: 60m            # waiting for a person does not count
  reviewRounds: 3
  onExhausted: stop           # or ask
${facts.link.length > 0 ? `workspace:\n  link: ${JSON.stringify(facts.link)}   # shared read-only with every work tree\n` : ''}# Checks run in a fresh checkout, in a sandbox without network. Without any, a person must judge every change.
checks:${active ? '' : ' []                  # remove this "[]" with the first "#" below'}
${checks.join('\n')}
# Red lines: allowed only with the named approval. CI files, CODEOWNERS, git attributes, hooks, what agents are told and where packages
# come from are red lines without being written here (protectDefaults); "governor policy test <path>" says what holds for a path.
protect: []                   # remove this "[]" with the first "#" below
#  - { id: money, paths: ["payments/**"], approvers: { role: approver, min: 1, notStarter: true }, reason: "moves money" }
${facts.owners}release:
  target: merge               # or push
  branch: ${JSON.stringify(facts.branch)}
  approval: always            # or on-red-line
`;
}

async function commit(folder: string, io: Io): Promise<void> {
  const env = Object.fromEntries(Object.entries(io.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  for (const argv of [
    ['git', 'add', 'governor.yaml'],
    ['git', 'commit', '-m', 'Add governor.yaml', '--', 'governor.yaml'],
  ]) {
    const done = await runProcess(argv, { cwd: folder, env, timeoutMs: 60_000 });
    if (done.exitCode !== 0) throw new UsageError(`${argv.join(' ')}: ${done.stderr.toString('utf8').trim()}`);
  }
}
