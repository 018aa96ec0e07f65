/** The tests that the project's own runner lists in the base and in the candidate, for the test files that a change touches. */

import { isTestFile } from '../../../domain/test-files.ts';
import { type RanCheck, runChecks } from '../../checks.ts';
import type { ReviewContext } from './check.ts';
import { isUntrusted } from './commands.ts';
import { type Listed, type Runner, runnerOf } from './test-runners.ts';
import { scriptsIn } from './test-scripts.ts';

/** How long a runner may take to list, in ms. */
const LIST_TIMEOUT_MS = 60_000;
/** More test files than this are judged by what stands in them. */
const MAX_FILES = 50;

export interface Listing {
  readonly runner: string;
  /** By path in the base, and by path in the candidate. */
  readonly before: Listed;
  readonly after: Listed;
}

/** One for each runner that could list both; what no runner lists is judged by its syntax. The checkout is the candidate's again afterwards. */
export async function listTests(context: ReviewContext): Promise<Listing[]> {
  const { changes, findings, checkout, base, candidate } = context;
  const pairs = changes.flatMap(({ status, path, from = path }) =>
    status !== 'added' && status !== 'deleted' && [from, path].every((one) => isTestFile(one) && !one.startsWith('-'))
      ? [{ from, path }]
      : [],
  );
  if (pairs.length === 0 || pairs.length > MAX_FILES || isUntrusted(findings)) return [];
  const listings: Listing[] = [];
  for (const runner of await runners(context)) {
    const files = pairs.filter(({ path, from }) => runner.files.test(path) && runner.files.test(from));
    if (files.length === 0) continue;
    await checkout.restore(base.tree);
    const before = await list(context, runner, { side: 'base', tree: base.tree, files: files.map(({ from }) => from) });
    await checkout.restore(candidate.tree);
    const after =
      before && (await list(context, runner, { side: 'candidate', tree: candidate.tree, files: files.map(({ path }) => path) }));
    if (before !== undefined && after !== undefined) listings.push({ runner: runner.name, before, after });
  }
  return listings;
}

/** Those that the checks start, by the scripts of the base: what a change makes of them is judged elsewhere. */
async function runners({ repository, base, config }: ReviewContext): Promise<Runner[]> {
  const scripts = scriptsIn((await repository.readFile(base.tree, 'package.json'))?.toString('utf8'));
  const found = config.checks.flatMap((check) => runnerOf(check.run, scripts) ?? []);
  return [...new Map(found.map((runner) => [runner.name, runner])).values()];
}

interface Asked {
  readonly side: 'base' | 'candidate';
  readonly tree: string;
  readonly files: readonly string[];
}

async function list(
  { session, checkout, attempt }: ReviewContext,
  runner: Runner,
  { side, tree, files }: Asked,
): Promise<Listed | undefined> {
  const groups =
    runner.name === 'go' ? [...new Set(files.map(folderOf))].map((folder) => files.filter((path) => folderOf(path) === folder)) : [files];
  const roots = ['/workspace', checkout.folder];
  const checks = groups.map((group, index) => ({
    id: `list-${side}-${runner.name}${index === 0 ? '' : `-${index}`}`,
    run: runner.argv(group),
    timeout: LIST_TIMEOUT_MS,
  }));
  const ran: RanCheck[] = await runChecks(session, { checkout, tree, attempt, checks });
  const read = ran.map(({ result, log }, index) =>
    result.status === 'pass' || (runner.runs && result.status === 'fail')
      ? runner.read(log, { files: groups[index] ?? [], roots })
      : undefined,
  );
  const whole = read.flatMap((one) => one ?? []);
  return whole.length < read.length ? undefined : new Map(whole.flatMap((one) => [...one]));
}

const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/');
