/** Where the symbolic links of a tree lead, followed link by link as a file system would. */
import type { Repository } from '../../../domain/workspace.ts';

const LINK_MODE = '120000';
/** As many as Linux follows before it gives up (path_resolution(7)). */
const MAX_HOPS = 40;

/** The links of a tree that lead out of it or into git data, with their targets. */
export async function linksOut(repository: Repository, tree: string): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  for (const entry of await repository.listTree(tree))
    if (entry.mode === LINK_MODE) links.set(entry.path, (await repository.blob(entry.oid)).toString('utf8'));
  return new Map([...links].filter(([path]) => leadsOut(path, links)));
}

function leadsOut(path: string, links: ReadonlyMap<string, string>): boolean {
  const rest = path.split('/');
  const at: string[] = [];
  for (let hops = 0; rest.length > 0; ) {
    const part = rest.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part.toLowerCase() === '.git') return true;
    if (part === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(part);
    const target = links.get(at.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (target.startsWith('/')) return true;
    // A circle leads nowhere: no file can be opened through it.
    if (hops > MAX_HOPS) return false;
    at.pop();
    rest.unshift(...target.split('/'));
  }
  return false;
}
