/** Prepares what every command of a run sees beside the tree: linked folders, and what setup steps made, cached by inputs. */
import {
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../domain/config.ts';
import type { EgressReport } from '../domain/egress.ts';
import { StopError } from '../domain/errors.ts';
import { digestOf } from '../domain/ids.ts';
import { pathMatcher } from '../domain/patterns.ts';
import type { Clock } from '../domain/ports.ts';
import type { Mount, Repository, Sandbox, TreeEntry } from '../domain/workspace.ts';
import { isBelow, refused } from './mounts.ts';
import { walk } from './walk.ts';

/** Results of setup that are kept, and how long an unused one is kept beyond that, in ms: a run may be using it. */
const MAX_KEPT = 32;
const KEPT_MS = 24 * 60 * 60 * 1000;

type Step = Config['workspace']['setup'][number];

export interface PrepareOptions {
  readonly repository: Repository;
  /** What setup runs in: the base's tree, or that with the inputs of another (`tools/dependencies.ts`). */
  readonly tree: string;
  readonly config: Config['workspace'];
  readonly sandbox: Sandbox;
  /** The home. */
  readonly stateFolder: string;
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'now'>;
  /** Hears what a step did over the network. */
  readonly onEgress?: (argv: readonly string[], report: EgressReport) => Promise<void>;
}

export interface Prepared {
  readonly links: Mount[];
  readonly scratch: string[];
  /** Submodules, and whether their files are among the links. */
  readonly submodules: { readonly at: string; readonly shared: boolean }[];
}

/** @throws StopError `CHECK_ERROR` naming the step that failed. */
export async function prepareWorkspace(options: PrepareOptions): Promise<Prepared> {
  const { config, repository } = options;
  const links = config.link.map((at) => ({ at, root: repository.path, from: join(repository.path, at) }));
  const made = config.setup.length === 0 ? [] : await runSetup(options);
  const present = links.filter((link) => isThere(link.from) && !made.some((other) => other.at === link.at));
  const submodules = await repository.submodules(options.tree, options.stateFolder);
  const shared = submodules.flatMap(({ at, folder }) =>
    folder === undefined ? [] : [{ at, from: folder, root: dirname(folder), submodule: true as const }],
  );
  return {
    links: [...shared, ...present, ...made.filter((link) => !shared.some(({ at }) => at === link.at))],
    scratch: [...config.scratch],
    submodules: submodules.map(({ at, folder }) => ({ at, shared: folder !== undefined })),
  };
}

/** Also a link that leads nowhere: it is no missing folder but one that cannot be mounted. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** The files of a tree that some setup step depends on. */
export function setupInputs(steps: readonly Step[], entries: readonly TreeEntry[]): TreeEntry[] {
  const matches = pathMatcher(steps.flatMap((step) => step.inputs));
  return entries.filter((entry) => matches(entry.path));
}

/** Runs one command of a setup step. @throws StopError `CHECK_ERROR` with the end of its output. */
export async function runStep(
  { sandbox, signal, onEgress }: Pick<PrepareOptions, 'sandbox' | 'signal' | 'onEgress'>,
  step: Step,
  argv: readonly string[],
  folder: string,
): Promise<void> {
  const result = await sandbox.run({
    argv,
    workspace: folder,
    links: [],
    scratch: [],
    network: step.network,
    timeoutMs: step.timeout,
    signal,
  });
  if (result.egress !== undefined) await onEgress?.(argv, result.egress);
  const refusals = (result.egress?.refused ?? []).slice(0, 10).map(({ host, why }) => `\nnot reached: ${host} ${why}`);
  if (result.exitCode !== 0)
    throw new StopError(
      'CHECK_ERROR',
      `setup ${argv.join(' ')}: exit code ${result.exitCode ?? 'none (killed)'}\n${`${result.stdout}\n${result.stderr}`.slice(-2000)}${refusals.join('')}`,
    );
}

/** Makes a folder in the cache for as long as the work takes. */
export async function inScratch<Value>(stateFolder: string, work: (scratch: string) => Promise<Value>): Promise<Value> {
  mkdirSync(join(stateFolder, 'cache'), { recursive: true });
  const scratch = mkdtempSync(join(stateFolder, 'cache', 'making-'));
  try {
    return await work(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function runSetup(options: PrepareOptions): Promise<Mount[]> {
  const { repository, config, tree, stateFolder } = options;
  const entries = await repository.listTree(tree);
  const inputs = config.setup.flatMap((step) => setupInputs([step], entries).map((entry) => [entry.path, entry.oid]));
  const from = { repository: repository.path, tree };
  const key = digestOf({
    ...from,
    steps: config.setup,
    inputs,
    platform: process.platform,
    arch: process.arch,
    node: process.versions.modules,
  });
  const cached = join(stateFolder, 'cache', key);
  if (!existsSync(cached))
    await inScratch(stateFolder, async (scratch) => {
      const folder = join(scratch, 'tree');
      await repository.checkout(tree, folder);
      const tracked = new Set(entries.map((entry) => entry.path.split('/')[0]));
      for (const step of config.setup) await runStep(options, step, step.run, folder);
      const out = join(scratch, 'out');
      mkdirSync(out);
      for (const name of readdirSync(folder).filter((entry) => !tracked.has(entry))) move(join(folder, name), join(out, name));
      assertNoLinkOut(out);
      if (process.getuid?.() === 0) openToAll(out);
      if (!existsSync(cached)) renameSync(out, cached);
    });
  keepNewest(join(stateFolder, 'cache'), { used: key, nowMs: options.clock.now() });
  return readdirSync(cached).map((at) => ({ at, root: cached, from: join(cached, at) }));
}

/** Marks what was used, and removes what nobody used for a day beyond the newest ones. */
function keepNewest(cache: string, { used, nowMs }: { used: string; nowMs: number }): void {
  utimesSync(join(cache, used), nowMs / 1000, nowMs / 1000);
  const rest = readdirSync(cache)
    .map((name) => ({ name, usedAtMs: lstatSync(join(cache, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((one, other) => other.usedAtMs - one.usedAtMs)
    .slice(MAX_KEPT);
  for (const { name, usedAtMs } of rest) if (nowMs - usedAtMs > KEPT_MS) rmSync(join(cache, name), { recursive: true, force: true });
}

/** What setup made at the top becomes a mount, so it must not lead to something else of the machine. */
function assertNoLinkOut(out: string): void {
  for (const name of readdirSync(out)) {
    if (!lstatSync(join(out, name)).isSymbolicLink()) continue;
    const target = readlinkSync(join(out, name));
    if (!isBelow(realPath(join(out, name)) ?? target, realpathSync(out)))
      throw refused(
        name,
        `workspace.setup made it a link to ${target}, which is nothing that setup made`,
        'let the step make a folder instead',
      );
  }
}

/** What one run's user made is the governor's from now on, and every run's user reads it. */
function openToAll(folder: string): void {
  for (const { path, entry } of walk(folder, { unlock: true })) {
    lchownSync(path, 0, 0);
    if (entry.isSymbolicLink()) continue;
    const { mode } = lstatSync(path);
    chmodSync(path, (mode & 0o777) | 0o444 | ((mode & 0o100) === 0 ? 0 : 0o111));
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true, force: true });
  }
}
