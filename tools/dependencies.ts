/**
 * Installs what a builder wrote into a manifest. The commands that may use the network see the base's files and, of the builder's, only
 * those that `workspace.setup[].inputs` names; and only those come back: a repository's own settings of its package manager stay.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RefusedError } from '../domain/errors.ts';
import { canonicalJson } from '../domain/ids.ts';
import { inScratch, type PrepareOptions, prepareWorkspace, runStep, setupInputs } from './prepare.ts';

/**
 * What package managers write, and read back as it stands: a line of it names the place that a package comes from. An agent that needs
 * a package says so in the manifest; the lock is made of the base's.
 */
const LOCK =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|deno\.lock|(?:poetry|uv|pdm|Pipfile|Cargo|Gemfile|composer|mix|pubspec|flake)\.lock|go\.sum)$/;

export const isLock = (path: string): boolean => LOCK.test(path);

/** @throws StopError `CHECK_ERROR` naming the step that failed; RefusedError for an input that is a link, or brings scripts. */
export async function installDependencies(options: PrepareOptions, builder: string): Promise<string> {
  await assertBaseScripts(options, builder);
  const copy = await withInputs(options, { onto: options.tree, from: builder, of: (path) => !isLock(path) });
  const updated = await inScratch(options.stateFolder, async (scratch) => {
    const workTree = await options.repository.checkout(copy, join(scratch, 'tree'), options.tree);
    for (const step of options.config.setup) if (step.update !== undefined) await runStep(options, step, step.update, workTree.folder);
    workTree.touched();
    return workTree.snapshot();
  });
  const tree = await withInputs(options, { onto: builder, from: updated });
  await prepareWorkspace({ ...options, tree: await withInputs(options, { onto: options.tree, from: tree }) });
  return tree;
}

/** The tree `onto` with the setup's inputs as they are in `from`. `of`: those alone; default all. */
export async function withInputs(
  { repository, config, stateFolder, tree: base }: Pick<PrepareOptions, 'repository' | 'config' | 'stateFolder' | 'tree'>,
  { onto, from, of = () => true }: { readonly onto: string; readonly from: string; readonly of?: (path: string) => boolean },
): Promise<string> {
  const inputsOf = async (tree: string) => setupInputs(config.setup, await repository.listTree(tree)).filter(({ path }) => of(path));
  const wanted = await inputsOf(from);
  const there = await inputsOf(onto);
  const linked = wanted.find((entry) => entry.mode !== '100644' && entry.mode !== '100755');
  if (linked !== undefined) throw new RefusedError('PATH_DENIED', `${linked.path}: an input of workspace.setup must be a file, not a link`);
  return inScratch(stateFolder, async (scratch) => {
    const workTree = await repository.checkout(onto, join(scratch, 'tree'), base);
    for (const { path } of there) rmSync(join(workTree.folder, path), { force: true });
    for (const { path, oid, mode } of wanted) put(workTree.folder, path, await repository.blob(oid), mode === '100755');
    workTree.touched();
    return workTree.snapshot();
  });
}

/** Package managers run what `scripts` says, and here with the network: an agent asks for dependencies, not for commands. */
async function assertBaseScripts({ repository, config, tree }: PrepareOptions, builder: string): Promise<void> {
  const manifests = setupInputs(config.setup, await repository.listTree(builder)).filter(({ path }) => /(^|\/)package\.json$/.test(path));
  for (const { path } of manifests) {
    const wanted = scriptsIn(path, await repository.readFile(builder, path));
    const known = scriptsIn(path, await repository.readFile(tree, path));
    if (wanted !== known)
      throw new RefusedError(
        'CONTRACT_VIOLATION',
        `${path}: its scripts are not the base's; ask for dependencies first, and change scripts after`,
      );
  }
}

function scriptsIn(path: string, content: Buffer | undefined): string {
  if (content === undefined) return canonicalJson({});
  try {
    const { scripts = {} } = JSON.parse(content.toString('utf8'));
    return canonicalJson(scripts);
  } catch {
    throw new RefusedError('CONTRACT_VIOLATION', `${path}: is not a JSON object`);
  }
}

/** @throws RefusedError `PATH_DENIED` where a folder on the way is a link. */
function put(folder: string, path: string, content: Buffer, executable: boolean): void {
  const file = join(folder, path);
  for (let at = dirname(file); at.length > folder.length; at = dirname(at))
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw new RefusedError('PATH_DENIED', `${path}: a link is in the way of an input of workspace.setup`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, executable ? 0o755 : 0o644);
}
