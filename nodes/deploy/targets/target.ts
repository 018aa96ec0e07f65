/** What a release target must be able to do. */
import type { Repository } from '../../../domain/workspace.ts';

export interface DeployRequest {
  readonly repository: Repository;
  readonly branch: string;
  readonly remote: string;
  /** The commit the branch must be at. */
  readonly before: string;
}

export interface DeployTarget {
  /** Where the branch is now, asked from the target itself. */
  tip(request: DeployRequest): Promise<string | undefined>;
  /** Is this very commit the tip or under it? Its checkout may still wait for `apply`. */
  applied(request: DeployRequest, commit: string): Promise<boolean>;
  /** Applies by compare-and-swap; idempotent, and finishes a half-done one. @throws StopError `TARGET_DIRTY`, `DEPLOY_FAILED`. */
  apply(request: DeployRequest, commit: string): Promise<'applied' | 'moved'>;
}
