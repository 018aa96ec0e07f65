/** The release targets by their configured name. */
import type { Release, ReleaseOf, TargetName } from '../../../domain/release.ts';
import { merge } from './merge.ts';
import { push } from './push.ts';
import type { DeployTarget } from './target.ts';

const TARGETS: { readonly [Name in TargetName]: DeployTarget<ReleaseOf<Name>> } = { merge, push };

/** The target that a release names. */
export function deployTarget(release: Release): DeployTarget {
  return TARGETS[release.target] as DeployTarget; // the table pairs each name with the options of that name, and `release` has both
}
