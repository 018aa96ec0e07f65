/** Which changes of tests the plan names, and so nobody did behind anybody's back. */
import type { PlanBody } from '../../../domain/handoff.ts';
import { pathMatcher } from '../../../domain/patterns.ts';

/** A pattern that says of itself that it is about tests or snapshots; `**` and `src/**` do not. */
const ABOUT_TESTS = /(?:^|\/)(?:tests?|__tests__|specs?|__snapshots__)(?:\/|$)|[._](?:test|spec|snap)\b|(?:^|\/)test_|_test\./;

export interface Meant {
  /** The plan names this very path: somebody decided about this file. */
  readonly exactly: (path: string) => boolean;
  /** So it does, or a pattern of it is about tests and matches: somebody decided that what tests say may change. */
  readonly asTests: (path: string) => boolean;
}

/** A plan is written by an agent: what it names is never a pass, it only decides whether the builder or a person is asked. */
export function meantBy(plan: PlanBody): Meant {
  const paths = plan.items.flatMap((item) => item.paths).map((path) => path.replace(/^\.\//, '').normalize('NFC'));
  const exact = new Set(paths);
  const wide = pathMatcher(paths.filter((path) => ABOUT_TESTS.test(path)));
  const exactly = (path: string): boolean => exact.has(path.normalize('NFC'));
  return { exactly, asTests: (path) => exactly(path) || wide(path) };
}
