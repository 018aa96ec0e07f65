/** The plan and the checks in the words of a brief. */
import type { Config } from '../../domain/config.ts';
import type { PlanBody } from '../../domain/handoff.ts';

/** `paths`: what its paths are to who reads this. */
export const itemText = (item: PlanBody['items'][number], paths = 'Paths you may touch'): string =>
  [
    `Item ${item.id}: ${item.title}`,
    item.goal,
    `${paths}: ${item.paths.join(', ') || 'any'}`,
    ...item.done_when.map((done) => `Done when: ${done}`),
    ...(item.check === undefined ? [] : [`Its own check, which must pass: ${item.check.join(' ')}`]),
    ...(item.depends_on.length === 0 ? [] : [`After: ${item.depends_on.join(', ')}`]),
  ].join('\n');

/** Empty where none is configured. */
export const checksText = (checks: Config['checks']): string[] =>
  checks.length === 0 ? [] : [`Checks that will be run: ${checks.map((check) => `${check.id} (${check.run.join(' ')})`).join('; ')}.`];
