/** Weakened tests: deleted, renamed away, emptied, skipped, fewer, with fewer assertions, or run in another way. */
import type { Change, Finding } from '../../../domain/handoff.ts';
import { isFoundLike, isSnapshot, isTestConfig, isTestFile, NO_TESTS, type TestCounts } from '../../../domain/test-files.ts';
import { type ReviewCheck, type ReviewContext, weak } from './check.ts';
import { type Listing, listTests } from './listed-tests.ts';
import { type Meant, meantBy } from './meant.ts';
import { countTests } from './test-counts.ts';
import { changedParts, changedScripts } from './test-scripts.ts';

export const weakenedTests: ReviewCheck = {
  id: 'weakened-tests',
  run: async (context) => {
    const findings: Finding[] = [];
    const meant = meantBy(context.plan);
    const listings = await listTests(context);
    for (let from = 0; from < context.changes.length; from += AT_ONCE) {
      const some = context.changes.slice(from, from + AT_ONCE);
      findings.push(...(await Promise.all(some.map((change) => weakenedBy(context, change, { meant, listings })))).flat());
    }
    findings.push(...(await changedScripts(context)), ...(await changedParts(context)), ...checkFiles(context));
    return { results: [], findings, redLines: [] };
  },
};

/** Changes whose files are read at once. */
const AT_ONCE = 64;

async function weakenedBy(
  context: ReviewContext,
  change: Change,
  { meant, listings }: { readonly meant: Meant; readonly listings: readonly Listing[] },
): Promise<Finding[]> {
  const settings = changedSettings(change, meant);
  const old = change.from ?? change.path;
  if (!isTestFile(old) && !isTestFile(change.path)) return settings;
  const { said, off } = await weaker(context, change, listings);
  const stays = change.status !== 'deleted' && isTestFile(change.path);
  // Who means a test to go removes it: the plan's name of a file says nothing for a test in it that is switched off.
  const named = meant.exactly(old) && off === 0;
  return said.length === 0 ? settings : [...settings, weak(said.join('; '), stays ? change.path : old, named)];
}

/** Snapshots say what tests expect, as tests do; configuration says which tests there are. */
function changedSettings({ status, path, from = path }: Change, meant: Meant): Finding[] {
  if (status === 'added')
    return isTestConfig(path) ? [weak(`${path}: a configuration of the tests is added`, path, meant.exactly(path))] : [];
  if (isSnapshot(from))
    return [weak(`${from}: a snapshot is ${status}`, from, status === 'modified' ? meant.asTests(from) : meant.exactly(from))];
  return isTestConfig(from) ? [weak(`${from}: the configuration of the tests is ${status}`, from, meant.exactly(from))] : [];
}

/** What of a test file is weaker than it was; `off` counts the tests that are newly switched off. */
async function weaker(context: ReviewContext, change: Change, listings: readonly Listing[]): Promise<{ said: string[]; off: number }> {
  const { repository, base, candidate } = context;
  const old = change.from ?? change.path;
  const count = async (tree: string, path: string): Promise<TestCounts> =>
    countTests(path, (await repository.readFile(tree, path))?.toString('utf8') ?? '');
  const was = change.status === 'added' ? NO_TESTS : await count(base.tree, old);
  if (change.status === 'deleted') return { said: [`the test file ${old} with ${was.tests} tests is deleted`], off: 0 };
  if (!isFoundLike(old, change.path)) return { said: [`the test file ${old} is renamed away to ${change.path}`], off: 0 };
  const now = await count(candidate.tree, change.path);
  const listing = listedBoth(listings, old, change.path);
  const said = change.status === 'added' ? [] : fewer({ was, now, listing });
  // A package of Go is listed as a whole, and may print what it likes while it is.
  if (listing?.runner === 'go' && said.length === 0) said.push(...fewer({ was, now, listing: undefined }));
  const off = Math.max(0, now.skips - was.skips);
  if (off > 0) said.push(`${off} test(s) are skipped, marked todo, expected to fail or run alone`);
  return { said: said.map((one) => `${change.path}: ${one}`), off };
}

interface Compared {
  readonly was: TestCounts;
  readonly now: TestCounts;
  /** By the runner itself, where it could list both. */
  readonly listing: { readonly runner: string; readonly before: readonly string[]; readonly after: readonly string[] } | undefined;
}

function fewer({ was, now, listing }: Compared): string[] {
  const said: string[] = [];
  const [before, after] = listing === undefined ? [was.tests, now.tests] : [listing.before.length, listing.after.length];
  const listed = listing === undefined ? '' : `, as ${listing.runner} lists them${gone(listing.before, listing.after)}`;
  if (before > 0 && after === 0) said.push(`emptied: it had ${before} tests${listed}`);
  else if (after < before) said.push(`${before} tests before, ${after} now${listed}`);
  const [asserted, asserts] = listing === undefined ? [was.assertions, now.assertions] : [spread(was, before), spread(now, after)];
  // What was emptied is said; a helper has no tests of its own.
  if (asserts < asserted && (after > 0 || before === 0)) said.push(`${asserted} assertions before, ${asserts} now`);
  return said;
}

/** Tests that a loop or a table makes of one declaration each assert what stands in it. */
const spread = ({ written, declared }: TestCounts, listed: number): number =>
  declared === 0 || listed <= declared ? written : Math.round((written * listed) / declared);

const NAMES_SHOWN = 5;

function gone(before: readonly string[], after: readonly string[]): string {
  const missing = before.filter((name) => !after.includes(name));
  return missing.length === 0 ? '' : ` (gone: ${missing.slice(0, NAMES_SHOWN).join(', ')}${missing.length > NAMES_SHOWN ? ', ...' : ''})`;
}

function listedBoth(listings: readonly Listing[], old: string, path: string): Compared['listing'] {
  for (const { runner, before, after } of listings) {
    const [was, now] = [before.get(old), after.get(path)];
    // A runner that knows nothing of a file says nothing about it.
    if (was !== undefined && was.length > 0 && now !== undefined) return { runner, before: was, after: now };
  }
  return undefined;
}

/** Files that the checks' own commands name. */
function checkFiles({ changes, config }: ReviewContext): Finding[] {
  const named = new Set(config.checks.flatMap((check) => check.run.slice(1)).map((word) => word.replace(/^\.\//, '')));
  return changes
    .filter((change) => change.status !== 'added' && named.has(change.from ?? change.path) && !isTestFile(change.path))
    .map((change) => weak(`${change.path}: is what a check runs, and it is ${change.status}`, change.path));
}
