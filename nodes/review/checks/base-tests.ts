/** The base's own tests against the candidate: what the change did to them does not count. */
import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failureText, shownFailing } from '../../../domain/failing-lines.ts';
import { runChecks } from '../../checks.ts';
import { finding, NOTHING, type ReviewCheck } from './check.ts';
import { isUntrusted } from './commands.ts';
import { meantBy } from './meant.ts';
import { isTestFile } from './test-files.ts';

/** Of the output in a finding, in bytes. */
const SHOWN_BYTES = 2048;

export const baseTests: ReviewCheck = {
  id: 'base-tests',
  run: async ({ session, config, plan, checkout, candidate, base, repository, changes, attempt, findings }) => {
    const changed = changes.filter((change) => change.status !== 'added' && isTestFile(change.from ?? change.path));
    const checks = config.checks.filter((check) => /test|spec|pytest|vitest|jest/.test(`${check.id} ${check.run.join(' ')}`));
    if (changed.length === 0 || checks.length === 0 || isUntrusted(findings)) return NOTHING;
    // Tests that are new need the candidate's helpers: they are not the base's own.
    for (const change of changes)
      if ((change.status === 'added' || change.from !== undefined) && isTestFile(change.path))
        rmSync(join(checkout.folder, change.path), { force: true });
    for (const change of changed) {
      const path = change.from ?? change.path;
      const content = await repository.readFile(base.tree, path);
      if (content === undefined) continue;
      put(checkout.folder, path, content, change.old_mode === '100755' ? 0o755 : 0o644);
    }
    const tree = await checkout.snapshot();
    const ran = await runChecks(session, {
      checkout,
      tree,
      attempt,
      checks: checks.map((check) => ({ ...check, id: `base-${check.id}` })),
    });
    await checkout.restore(candidate.tree);
    // A test whose file the plan names says what was meant; where only a pattern of it matches, a person says whether it was.
    const names = meantBy(plan);
    const exactly = changed.every((change) => names.exactly(change.from ?? change.path));
    const meant = changed.every((change) => names.asTests(change.from ?? change.path));
    const red = ran.filter((one) => one.result.status !== 'pass');
    return {
      // A failure that was meant is told, but does not fail the review.
      results: ran.map((one) => (meant && one.result.status !== 'pass' ? { ...one.result, status: 'skipped' as const } : one.result)),
      findings: red.map((one) => {
        const said = `the base's own tests (${changed.map((change) => change.from ?? change.path).join(', ')}) fail on the candidate`;
        return finding('base-tests', 'TESTS_WEAKENED', `${said}\n${shownFailing(one.log, SHOWN_BYTES)}`, {
          ...(exactly ? { severity: 'minor' as const } : meant ? { severity: 'major' as const, needsWaiver: true } : {}),
          whole: `${said}\n${one.result.id}\n${failureText(one.log)}`,
        });
      }),
      redLines: [],
    };
  },
};

/** Writes a file of the base; what the candidate has in its way, a link above all, is removed and never followed. */
function put(folder: string, path: string, content: Buffer, mode: number): void {
  let at = folder;
  for (const part of path.split('/').slice(0, -1)) {
    at = join(at, part);
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(at, { force: true });
  }
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  rmSync(join(folder, path), { recursive: true, force: true });
  writeFileSync(join(folder, path), content, { mode });
}
