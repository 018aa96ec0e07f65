/** The configured checks, and each plan item's own, in the fresh checkout. */
import { failureText, shownFailing } from '../../../domain/failing-lines.ts';
import type { Finding } from '../../../domain/handoff.ts';
import { type RanCheck, runChecks } from '../../checks.ts';
import { finding, NOTHING, type ReviewCheck } from './check.ts';

/** Of a red check's output in its finding, in bytes; the whole is its evidence. */
const SHOWN_BYTES = 4096;
const ITEM_TIMEOUT_MS = 5 * 60_000;

/** Nothing of a change runs that touches denied paths or carries a secret. */
const UNTRUSTED: ReadonlySet<string> = new Set(['PATH_DENIED', 'SECRET_FOUND']);

export const isUntrusted = (findings: readonly Finding[]): boolean => findings.some((one) => UNTRUSTED.has(one.code));

export const commands: ReviewCheck = {
  id: 'commands',
  run: async ({ session, config, plan, checkout, candidate, attempt, findings }) => {
    const items = plan.items.flatMap((item) =>
      item.check === undefined ? [] : [{ id: `item-${item.id}`, run: item.check, timeout: ITEM_TIMEOUT_MS }],
    );
    const checks = [...config.checks, ...items];
    if (isUntrusted(findings))
      return {
        ...NOTHING,
        results: checks.map((check) => ({ id: check.id, status: 'skipped' as const, exit_code: null, duration_ms: 0, evidence: '' })),
      };
    const ran = await runChecks(session, { checkout, tree: candidate.tree, attempt, checks });
    return { results: ran.map((one) => one.result), findings: ran.filter((one) => one.result.status !== 'pass').map(failed), redLines: [] };
  },
};

function failed({ result, log, stopped }: RanCheck): Finding {
  const shown = shownFailing(log, SHOWN_BYTES);
  if (stopped !== undefined)
    return finding(result.id, 'CHECK_ERROR', `check "${result.id}" could not end: ${stopped}\n${shown}`, {
      whole: log,
    });
  return finding(result.id, 'CHECK_FAILED', `check "${result.id}" failed with exit code ${result.exit_code ?? 'none'}\n${shown}`, {
    whole: `${result.exit_code}\n${failureText(log)}`,
  });
}
