/** All rules of the reviewer as one check, in their order, over the difference as it is asked for. */
import { createHook } from 'node:async_hooks';
import type { Finding, RedLine } from '../../../../domain/handoff.ts';
import type { ReviewCheck } from '../../../../nodes/review/checks/check.ts';
import { RULE_CHECKS } from '../../../../nodes/review/checks/index.ts';

let processes = 0;
const counter = createHook({
  init: (_id, type) => {
    if (type === 'PROCESSWRAP') processes += 1;
  },
});

/** `told` is called at the end with how many processes were started. */
export const everyRule = (told: (started: number) => void = () => undefined): ReviewCheck => ({
  id: 'every-rule',
  run: async (context) => {
    counter.enable();
    const before = processes;
    const findings: Finding[] = [];
    const redLines: RedLine[] = [];
    const changes = await context.repository.diff(context.base.tree, context.candidate.tree);
    for (const rule of RULE_CHECKS) {
      const outcome = await rule.run({ ...context, changes, findings });
      findings.push(...outcome.findings);
      redLines.push(...outcome.redLines);
    }
    told(processes - before);
    counter.disable();
    return { results: [], findings, redLines };
  },
});
