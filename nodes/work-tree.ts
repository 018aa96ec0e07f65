/** The work tree of an agent's attempt: opened once a process, and after a crash brought back to where the checkpoint stands. */
import type { WorkTree } from '../domain/workspace.ts';
import type { Session } from './session.ts';

/** @param tree where the agent stands; the tool door brings recorded effects forward from there. */
export async function workTreeAt(session: Session, name: string, tree: string): Promise<WorkTree> {
  const { repository, workTrees } = session.places;
  const known = workTrees.get(name);
  if (known !== undefined) return known;
  const folder = session.places.workFolder(name);
  const workTree = (await reopen(session, folder, tree)) ?? (await repository.checkout(tree, folder, session.facts.request.base));
  workTrees.set(name, workTree);
  return workTree;
}

/** Also one that this process never opened. */
export async function removeWorkTree(session: Session, name: string): Promise<void> {
  const { repository, workTrees } = session.places;
  const known = workTrees.get(name);
  workTrees.delete(name);
  await (known ?? (await repository.open(session.places.workFolder(name)).catch(() => undefined)))?.remove();
}

/** After a crash the folder may be ahead of the checkpoint: it goes back. */
async function reopen(session: Session, folder: string, tree: string): Promise<WorkTree | undefined> {
  try {
    const workTree = await session.places.repository.open(folder, session.facts.request.base);
    await workTree.restore(tree);
    return workTree;
  } catch (error) {
    if (session.signal.aborted) throw error;
    return undefined;
  }
}
