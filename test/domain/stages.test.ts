/** The table of stages holds together, and a node can only leave by its own edges; the `@ts-expect-error` lines are judged by `npm run check`. */
import { describe, expect, test } from 'vitest';
import { REASONS } from '../../domain/reasons.ts';
import { edgesOf, isAskable, isAskedStage, STAGE_TABLE, STAGES, stageOf, stageTable } from '../../domain/stages.ts';
import { governorNode } from '../../nodes/governor-node.ts';
import type { FindSession } from '../../nodes/session.ts';

const nobody: FindSession = async () => {
  throw new Error('nothing runs here');
};

describe('what does not compile', () => {
  test('an edge that the table does not give the stage', () => {
    governorNode(nobody, 'build', async () => ({ route: 'review_rules' }));
    governorNode(nobody, 'build', async () => ({ route: 'halt' }));
    // @ts-expect-error `deploy` is a stage, but no edge of `build`: its row names where it leads.
    governorNode(nobody, 'build', async () => ({ route: 'deploy' }));
    // @ts-expect-error `approve_budget` is for stages with askable codes.
    governorNode(nobody, 'deploy', async () => ({ route: 'approve_budget' }));
    // @ts-expect-error A node chooses; a route that is left out would be the one before.
    governorNode(nobody, 'plan', async () => ({ rounds: 1 }));
    governorNode(nobody, 'halt', async () => ({ outcome: 'stopped' as const }));
    // @ts-expect-error `halt` is the end.
    governorNode(nobody, 'halt', async () => ({ route: 'plan' }));
    // @ts-expect-error A stage is a row of the table.
    governorNode(nobody, 'nowhere', async () => ({ route: 'plan' }));
  });

  test('a table with an edge to nowhere, or with a code to lift and no way to the gate', () => {
    const file = null;
    stageTable({ one: { next: ['two'], file, askable: [] }, two: { next: ['end'], file, askable: [] } });
    stageTable({
      one: { next: ['approve_budget'], file, askable: ['STEP_LIMIT'] },
      approve_budget: { next: ['one'], file, askable: [] },
    });
    // @ts-expect-error There is no row `three`.
    stageTable({ one: { next: ['three'], file, askable: [] } });
    // @ts-expect-error Its last edge must be `approve_budget`.
    stageTable({ one: { next: ['one'], file, askable: ['STEP_LIMIT'] } });
    // @ts-expect-error `BUDGET` is no reason code.
    stageTable({ approve_budget: { next: ['approve_budget'], file, askable: ['BUDGET'] } });
  });
});

describe('the table', () => {
  test('every stage is reached from the first, and every one can halt', () => {
    const reached = new Set<string>(['baseline']);
    for (const stage of reached) if (stage !== 'end') for (const edge of edgesOf(stageOf(stage))) reached.add(edge);
    expect([...reached].toSorted()).toEqual([...STAGES, 'end'].toSorted());
    for (const stage of STAGES) expect(edgesOf(stage).includes('halt')).toBe(stage !== 'halt');
  });

  test('what a person lifts is resumable, and the gate leads back to exactly the stages that ask', () => {
    const asked = STAGES.filter((stage) => isAskedStage(stage));
    expect(asked).toContain('build');
    for (const stage of asked) for (const code of STAGE_TABLE[stage].askable) expect(REASONS[code].resumable, code).toBe(true);
    expect([...STAGE_TABLE.approve_budget.next].toSorted()).toEqual([...asked, 'approve_budget'].toSorted());
  });

  test('only the codes of its own row can be lifted', () => {
    expect(isAskable('build', 'STEP_LIMIT')).toBe(true);
    expect(isAskable('build', 'TIME_LIMIT')).toBe(false);
    expect(isAskable('deploy', 'STEP_LIMIT')).toBe(false);
  });

  test('a node that is no stage, and a thread without a due node, stand at the end', () => {
    expect(stageOf('review_rules')).toBe('review_rules');
    expect(['lead', 'constructor', '', undefined].map(stageOf)).toEqual(['halt', 'halt', 'halt', 'halt']);
  });
});
