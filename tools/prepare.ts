/** Prepares what every command of a run sees beside the tree: linked folders, and what setup steps made, cached by inputs. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../domain/config.ts';
import { StopError } from '../domain/errors.ts';
import { digestOf } from '../domain/ids.ts';
import { pathMatcher } from '../domain/patterns.ts';
import type { Repository, Sandbox, TreeEntry } from '../domain/workspace.ts';

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
}

export interface Prepared {
  readonly links: { readonly from: string; readonly at: string }[];
  readonly scratch: string[];
  /** Submodules, and whether their files are among the links. */
  readonly submodules: { readonly at: string; readonly shared: boolean }[];
}

/** @throws StopError `CHECK_ERROR` naming the step that failed. */
export async function prepareWorkspace(options: PrepareOptions): Promise<Prepared> {
  const { config, repository } = options;
  const links = config.link.map((at) => ({ at, from: join(repository.path, at) }));
  const made = config.setup.length === 0 ? [] : await runSetup(options);
  const present = links.filter((link) => existsSync(link.from) && !made.some((other) => other.at === link.at));
  const submodules = await repository.submodules(options.tree, options.stateFolder);
  const shared = submodules.flatMap(({ at, folder }) => (folder === undefined ? [] : [{ at, from: folder }]));
  return {
    links: [...shared, ...present, ...made.filter((link) => !shared.some(({ at }) => at === link.at))],
    scratch: [...config.scratch],
    submodules: submodules.map(({ at, folder }) => ({ at, shared: folder !== undefined })),
  };
}

/** The files of a tree that some setup step depends on. */
export function setupInputs(steps: readonly Step[], entries: readonly TreeEntry[]): TreeEntry[] {
  const matches = pathMatcher(steps.flatMap((step) => step.inputs));
  return entries.filter((entry) => matches(entry.path));
}

/** Runs one command of a setup step. @throws StopError `CHECK_ERROR` with the end of its output. */
export async function runStep(
  { sandbox, signal }: Pick<PrepareOptions, 'sandbox' | 'signal'>,
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
  if (result.exitCode !== 0)
    throw new StopError(
      'CHECK_ERROR',
      `setup ${argv.join(' ')}: exit code ${result.exitCode ?? 'none (killed)'}\n${`${result.stdout}\n${result.stderr}`.slice(-2000)}`,
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

async function runSetup(options: PrepareOptions): Promise<{ from: string; at: string }[]> {
  const { repository, config, tree, stateFolder } = options;
  const entries = await repository.listTree(tree);
  const inputs = config.setup.flatMap((step) => setupInputs([step], entries).map((entry) => [entry.path, entry.oid]));
  const key = digestOf({ steps: config.setup, inputs, platform: process.platform, arch: process.arch, node: process.versions.modules });
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
      if (!existsSync(cached)) renameSync(out, cached);
    });
  return readdirSync(cached).map((at) => ({ at, from: join(cached, at) }));
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true, force: true });
  }
}
