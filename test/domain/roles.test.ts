/** The table of roles holds together; the `@ts-expect-error` lines are judged by `npm run check`. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allowedTools, roleHasTool } from '../../domain/access.ts';
import { configSchema } from '../../domain/config.ts';
import { askedRole, ROLE_TABLE, ROLES, type RoleAt, roleTable, TOOL_NAMES, toolsOf } from '../../domain/roles.ts';
import { STAGES } from '../../domain/stages.ts';
import { contractOf } from '../../nodes/prompt.ts';
import { TOOLS, toolSpecs } from '../../tools/toolbox.ts';

const facts = { stage: 'plan', writes: 'nothing', tools: [], handOver: 'submit_plan' } as const;

test('what does not compile: a stage or a parent that is no row, a sub-agent that is asked, a role at a stage that is not its own', () => {
  roleTable({ one: { ...facts, agent: '-', parent: null, askable: true }, two: { ...facts, agent: null, parent: 'one', askable: false } });
  // @ts-expect-error `nowhere` is no stage: add its row to `domain/stages.ts`.
  roleTable({ one: { ...facts, stage: 'nowhere', agent: '-', parent: null, askable: true } });
  // @ts-expect-error There is no row `three`.
  roleTable({ two: { ...facts, agent: null, parent: 'three', askable: false } });
  // @ts-expect-error A sub-agent is spoken to through its parent.
  roleTable({ one: { ...facts, agent: null, parent: 'one', askable: true } });
  const own: RoleAt = { role: 'critic', stage: 'review_critic' };
  // @ts-expect-error The critic does not work in `plan`.
  const other: RoleAt = { role: 'critic', stage: 'plan' };
  // @ts-expect-error A role is a row of the table.
  expect(() => contractOf('nowhere', import.meta.url)).toThrow('nowhere.md');
  expect([own.role, other.role]).toEqual(['critic', 'critic']);
});

describe('the table', () => {
  test('each role has one contract beside the code of its stage, and no contract is left over', () => {
    const folders = readdirSync('nodes', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const contracts = folders.flatMap(({ name }) => readdirSync(`nodes/${name}`).filter((file) => file.endsWith('.md')));
    expect(contracts.toSorted()).toEqual(ROLES.map((role) => `${role}.md`).toSorted());
  });

  test('a resume reaches one role a stage, and nobody where no agent is asked', () => {
    for (const stage of STAGES) {
      const asked = ROLES.filter((role) => ROLE_TABLE[role].askable && ROLE_TABLE[role].stage === stage);
      expect(asked.length, stage).toBeLessThan(2);
      expect(askedRole(stage)).toBe(asked[0]);
    }
    expect([askedRole('build'), askedRole('review_critic'), askedRole('deploy'), askedRole('constructor')]).toEqual([
      'lead',
      'critic',
      undefined,
      undefined,
    ]);
  });

  test('a sub-agent has only tools that its parent has, in the table and after the configuration', () => {
    for (const role of ROLES) {
      const { parent, handOver } = ROLE_TABLE[role];
      if (parent !== null) expect(toolsOf(parent)).toEqual(expect.arrayContaining(toolsOf(role).filter((tool) => tool !== handOver)));
    }
    expect(allowedTools({ lead: ['read_file', 'delegate'], worker: ['read_file', 'write_file'] }, 'worker')).toEqual(['read_file']);
    expect(allowedTools({ lead: ['read_file'] }, 'worker')).toEqual(['read_file']);
    expect(allowedTools({ lead: ['read_file'] }, 'critic')).toBeUndefined();
  });

  test('who writes nothing has no tool that writes; who writes has them all', () => {
    const writing = (role: (typeof ROLES)[number]) => toolsOf(role).filter((tool) => /^(?:write|edit|delete)_file$/.test(tool)).length;
    for (const role of ROLES) expect(writing(role), role).toBe(ROLE_TABLE[role].writes === 'nothing' ? 0 : 3);
    expect([writing('lead'), writing('critic')]).toEqual([3, 0]);
  });

  test('a model is offered what its row says, as far as a tool is there', () => {
    const there = new Set<string>(TOOLS.map(({ name }) => name));
    for (const role of ROLES) {
      const offered = toolSpecs(role).map(({ name }) => name);
      const wanted = toolsOf(role).filter((tool) => there.has(tool) || tool === 'delegate' || tool === ROLE_TABLE[role].handOver);
      expect(offered.toSorted(), role).toEqual([...wanted].toSorted());
      for (const tool of TOOL_NAMES) expect(roleHasTool(role, tool)).toBe(toolsOf(role).includes(tool));
    }
    expect(roleHasTool('lead', 'constructor')).toBe(false);
  });

  test('each role has its keys in the configuration, and no other word has', () => {
    const model = { provider: 'script', model: 'scripted' };
    for (const role of ROLES)
      expect(configSchema.parse({ version: 1, models: { [role]: model }, tools: { [role]: ['read_file'] } })).toMatchObject({
        models: { [role]: model },
        tools: { [role]: ['read_file'] },
      });
    expect(configSchema.safeParse({ version: 1, models: { nowhere: model } }).success).toBe(false);
  });
});
