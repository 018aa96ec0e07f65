/** What a release target must be able to do: four answers, each taken from the target's own truth. */
import type { Release } from '../../../domain/release.ts';
import type { Repository } from '../../../domain/workspace.ts';

/** Which release of which repository. `release` is what `governor.yaml` says, with this target's own options. */
export interface DeployRequest<Options = Release> {
  readonly repository: Repository;
  readonly release: Options;
}

/** A release that is to be undone. */
export interface Undoing {
  /** The commit that was released, and where the branch was before it. */
  readonly released: { readonly before: string; readonly commit: string };
  /** Where `baseOf` was when this was written to the journal. */
  readonly tip: string;
  /** The inverse of the release as a commit on `tip`; `tip` itself where nothing of it is left there. */
  readonly inverse: { readonly kind: 'made'; readonly commit: string } | { readonly kind: 'conflict'; readonly paths: readonly string[] };
}

/** `commit`: what the target stands at now. `moved`: it is no longer at `tip`. `refused`: the release is still there, and why. */
export type Undone =
  | { readonly kind: 'undone'; readonly commit: string }
  | { readonly kind: 'moved' }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * A place that a release goes to. Each method may be called again after a crash at any moment of the call before; the journal around
 * them is written by `deploy` and `rollback`. A target that keeps the released commit's id in a file:
 *
 * ```ts
 * export const file: DeployTarget<ReleaseOf<'file'>> = {
 *   baseOf: ({ repository, release }) => repository.branchTip(release.branch),
 *   isApplied: async ({ release }, commit) => existsSync(release.path) && readFileSync(release.path, 'utf8') === commit,
 *   apply: async ({ release }, { commit }) => {
 *     writeFileSync(release.path, commit);
 *     return 'applied';
 *   },
 *   undo: async ({ release }, { released }) => {
 *     rmSync(release.path, { force: true });
 *     return { kind: 'undone', commit: released.before };
 *   },
 * };
 * ```
 */
export interface DeployTarget<Options = Release> {
  /** The commit that a run starts from and that a change is released onto; undefined when there is none. @throws StopError `DEPLOY_FAILED`. */
  baseOf(request: DeployRequest<Options>): Promise<string | undefined>;
  /** Does the target hold this very commit, or what came after it? Its checkout may still wait for `apply`. */
  isApplied(request: DeployRequest<Options>, commit: string): Promise<boolean>;
  /**
   * Applies `commit`, made on `before`, by compare-and-swap; finishes a half-done one. `moved` when the target is no longer at `before`.
   * @throws StopError `TARGET_DIRTY`, `DEPLOY_FAILED`.
   */
  apply(request: DeployRequest<Options>, change: { readonly before: string; readonly commit: string }): Promise<'applied' | 'moved'>;
  /** Takes a release back. What is said here is checked by `isApplied`: a target that cannot undo says `refused`. */
  undo(request: DeployRequest<Options>, undoing: Undoing): Promise<Undone>;
}
