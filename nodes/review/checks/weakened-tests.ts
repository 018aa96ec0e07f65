/** Weakened tests: deleted, renamed away, emptied, skipped, fewer, with fewer assertions, or run in another way. */
import type { Change, Finding } from '../../../domain/handoff.ts';
import { type ReviewCheck, type ReviewContext, weak } from './check.ts';
import { countTests, isSnapshot, isTestConfig, isTestFile } from './test-files.ts';
import { changedParts, changedScripts } from './test-scripts.ts';

export const weakenedTests: ReviewCheck = {
  id: 'weakened-tests',
  run: async (context) => {
    const findings: Finding[] = [];
    let before = 0;
    let after = 0;
    for (const change of context.changes) {
      const old = change.from ?? change.path;
      if (change.status !== 'added' && (isSnapshot(old) || isTestConfig(old)))
        findings.push(weak(`${old}: ${isSnapshot(old) ? 'a snapshot' : 'the configuration of the tests'} is ${change.status}`, old));
      else if (change.status === 'added' && isTestConfig(change.path))
        findings.push(weak(`${change.path}: a configuration of the tests is added`, change.path));
      if (isTestFile(old) || isTestFile(change.path)) {
        const counted = await compare(context, change, findings);
        before += counted.before;
        after += counted.after;
      }
    }
    if (after < before) findings.push(weak(`${before} tests stood in the changed test files, ${after} stand there now`, 'tests'));
    findings.push(...(await changedScripts(context)), ...(await changedParts(context)), ...checkFiles(context));
    return { results: [], findings, redLines: [] };
  },
};

async function compare(context: ReviewContext, change: Change, findings: Finding[]): Promise<{ before: number; after: number }> {
  const { repository, base, candidate } = context;
  const old = change.from ?? change.path;
  const text = async (tree: string, path: string): Promise<string> => (await repository.readFile(tree, path))?.toString('utf8') ?? '';
  const was =
    change.status === 'added' || !isTestFile(old) ? { tests: 0, skips: 0, assertions: 0 } : countTests(await text(base.tree, old));
  const stays = change.status !== 'deleted' && isTestFile(change.path);
  const now = stays ? countTests(await text(candidate.tree, change.path)) : { tests: 0, skips: 0, assertions: 0 };
  if (change.status === 'deleted') findings.push(weak(`the test file ${old} with ${was.tests} tests is deleted`, old));
  else if (!stays) findings.push(weak(`the test file ${old} is renamed away to ${change.path}`, old));
  else if (was.tests > 0 && now.tests === 0)
    findings.push(weak(`the test file ${change.path} is emptied: it had ${was.tests} tests`, change.path));
  else {
    if (now.tests < was.tests) findings.push(weak(`${change.path}: ${was.tests} tests before, ${now.tests} now`, change.path));
    if (now.assertions < was.assertions)
      findings.push(weak(`${change.path}: ${was.assertions} assertions before, ${now.assertions} now`, change.path));
  }
  if (now.skips > was.skips)
    findings.push(weak(`${change.path}: ${now.skips - was.skips} test(s) are skipped, marked todo or run alone`, change.path));
  return { before: was.tests, after: now.tests };
}

/** Files that the checks' own commands name. */
function checkFiles({ changes, config }: ReviewContext): Finding[] {
  const named = new Set(config.checks.flatMap((check) => check.run.slice(1)).map((word) => word.replace(/^\.\//, '')));
  return changes
    .filter((change) => change.status !== 'added' && named.has(change.from ?? change.path) && !isTestFile(change.path))
    .map((change) => weak(`${change.path}: is what a check runs, and it is ${change.status}`, change.path));
}
