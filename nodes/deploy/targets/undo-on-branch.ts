/** How a target that moves a branch undoes a release: by the inverse commit on its tip; history is never rewritten. */
import type { Release } from '../../../domain/release.ts';
import type { DeployRequest, DeployTarget, Undoing, Undone } from './target.ts';

/** Applies the inverse commit as the target applies any other. */
export async function undoOnBranch<Options extends Release>(
  target: Pick<DeployTarget<Options>, 'apply'>,
  request: DeployRequest<Options>,
  { released, tip, inverse }: Undoing,
): Promise<Undone> {
  if (inverse.kind === 'conflict')
    return { kind: 'refused', why: `${released.commit} cannot be undone on ${tip}: conflicts in ${inverse.paths.join(', ')}` };
  const { commit } = inverse;
  if (commit !== tip && (await target.apply(request, { before: tip, commit })) === 'moved') return { kind: 'moved' };
  return { kind: 'undone', commit };
}
