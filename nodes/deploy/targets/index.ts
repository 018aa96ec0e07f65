/** The release targets by their configured name. */
import type { Config } from '../../../domain/config.ts';
import { StopError } from '../../../domain/errors.ts';
import { merge } from './merge.ts';
import { push } from './push.ts';
import type { DeployTarget } from './target.ts';

const TARGETS: Partial<Record<Config['release']['target'], DeployTarget>> = { merge, push };

/** @throws StopError `DEPLOY_FAILED` for a name that this version does not know. */
export function deployTarget(name: Config['release']['target']): DeployTarget {
  const target = TARGETS[name];
  if (target === undefined) throw new StopError('DEPLOY_FAILED', `release.target ${JSON.stringify(name)}: is not supported yet`);
  return target;
}
