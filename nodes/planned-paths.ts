/** What of a change lies outside its plan; the builder is told of it when it hands over, and the review judges by it. */
import type { Change, PlanBody } from '../domain/handoff.ts';
import { pathMatcher } from '../domain/patterns.ts';

/** Does some plan item allow this path? An item without paths allows every one. */
export function plannedPath(plan: PlanBody): (path: string) => boolean {
  if (plan.items.some((item) => item.paths.length === 0)) return () => true;
  return pathMatcher(plan.items.flatMap((item) => item.paths));
}

/** The paths that a change touches, both sides of a rename, and no plan item allows. */
export function pathsOutside(plan: PlanBody, changes: readonly Change[]): string[] {
  const planned = plannedPath(plan);
  return changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from])).filter((path) => !planned(path));
}
