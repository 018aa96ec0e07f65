/** What a person should know of the filters of a base before a run costs money: which files no change can store, and no release can write. */
import type { Release } from '../domain/release.ts';
import type { Repository } from '../domain/workspace.ts';

type Asked = Pick<Repository, 'path' | 'filters' | 'filtersOfCheckout' | 'hasLfs' | 'checkoutsOf'>;

/** At most one line for each filter and for each checkout. */
export async function filterWarnings(repository: Asked, base: string, { target, branch }: Release): Promise<string[]> {
  const filters = await repository.filters(base);
  if (filters.size === 0) return [];
  const lines: string[] = [];
  for (const [name, files] of filters) {
    const which = `${repository.path}: .gitattributes of the base says filter=${name} for ${files.length} file(s), such as ${JSON.stringify(files[0])}`;
    if (name !== 'lfs')
      lines.push(`${which}; it does not run here, so no change of such a file can be stored (FILE_UNSTORABLE): keep them out of the goal`);
    else if (!(await repository.hasLfs()))
      lines.push(`${which}, and git lfs is not installed here: a change of one stops the run with FILE_UNSTORABLE; install git-lfs first`);
  }
  return [...lines, ...(target === 'merge' ? await checkoutWarnings(repository, branch, [...filters.keys()]) : [])];
}

async function checkoutWarnings(repository: Asked, branch: string, named: readonly string[]): Promise<string[]> {
  // One that is under a rebase is told where the release looks at it.
  const folders = await repository.checkoutsOf(branch).catch(() => []);
  const lines = folders.map(async (folder) => {
    const configured = (await repository.filtersOfCheckout(folder)).filter((name) => named.includes(name));
    return configured.length === 0
      ? []
      : [
          `${folder}: has ${branch} checked out, and its git configuration runs filter ${configured.join(', ')}, which no release does: one that changes such a file stops with TARGET_DIRTY; switch that checkout away before it: git -C ${folder} switch --detach`,
        ];
  });
  return (await Promise.all(lines)).flat();
}
