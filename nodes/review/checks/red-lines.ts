/** Red lines, on the difference of trees: renames, deletions and modes count on both sides. */
import { ruleMatcher } from '../../../tools/globs.ts';
import { type ReviewCheck, touched } from './check.ts';

/** The rules that govern the agents are themselves behind a red line. */
const OWN_RULE = {
  id: 'governor',
  paths: ['governor.yaml'],
  approvers: { role: 'approver', min: 1, notStarter: false },
  reason: 'it changes the rules that agents run under',
} as const;

export const redLines: ReviewCheck = {
  id: 'red-lines',
  run: async ({ changes, config }) => {
    const found = [...config.protect, OWN_RULE].flatMap((rule) => {
      const paths = [...new Set(touched(changes).filter(ruleMatcher(rule.paths, config.patterns)))];
      const approvers = { role: rule.approvers.role, min: rule.approvers.min, not_starter: rule.approvers.notStarter };
      return paths.length === 0 ? [] : [{ rule_id: rule.id, paths, reason: rule.reason, approvers }];
    });
    return { results: [], findings: [], redLines: found };
  },
};
