/** The page on the flow says of every stage and every role what the tables say. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROLE_TABLE, ROLES, toolsOf } from '../../domain/roles.ts';
import { STAGE_TABLE, STAGES } from '../../domain/stages.ts';

const page = readFileSync(new URL('../../docs/flow.md', import.meta.url), 'utf8');

const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(' ') || 'none';
const rows = (heading: string): string[] => {
  const section = page.split('\n## ').find((text) => text.startsWith(heading)) ?? '';
  return section.split('\n').filter((line) => line.startsWith('| `'));
};

test('each stage has its row, with where it leads, what it hands over and what a person can lift there', () => {
  expect(rows('Stages')).toEqual(
    STAGES.map((stage) => {
      const { next, file, askable } = STAGE_TABLE[stage];
      return `| \`${stage}\` | ${code(next)} | ${file === null ? 'none' : code([file(1)])} | ${code(askable)} |`;
    }),
  );
});

test('each role has its row, with its stage, what it may write and its tools, the hand-over last', () => {
  expect(rows('Roles')).toEqual(
    ROLES.map((role) => {
      const { stage, agent, parent, writes } = ROLE_TABLE[role];
      return `| \`${role}\` | \`${stage}\` | ${agent === null ? `many, each started by \`${parent}\`` : code([agent])} | ${writes} | ${code(toolsOf(role))} |`;
    }),
  );
});
