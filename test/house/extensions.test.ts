/** A role, a tool and a check are added whole: each step that is left out is named; with all of them nothing is. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unfinished } from '../../scripts/extensions.mjs';
import { inspect, RULES, readHouse } from '../../scripts/house.mjs';

type Files = Readonly<Record<string, string>>;

const ROLE: Files = {
  'domain/roles.ts': "export const ROLE_TABLE = roleTable({\n  scout: { stage: 'scout', tools: [] },\n});\n",
  'nodes/scout/scout.ts': "const contract = contractOf('scout', import.meta.url);\n",
  'test/story/scout.test.ts': "world.replies([{ role: 'scout', attempt: 1, call: 1 }]);\n",
};
const TOOL: Files = {
  'tools/count.ts': "export const countLines = defineTool({\n  name: 'count_lines',\n});\n",
  'tools/toolbox.ts': "import { countLines } from './count.ts';\n",
  'test/tools/count.test.ts': "call('count_lines', {});\n",
};
const CHECK: Files = {
  'nodes/review/checks/size.ts': 'export const size: ReviewCheck = {};\n',
  'nodes/review/checks/index.ts': "import { size } from './size.ts';\n",
  'test/nodes/review/checks/size.test.ts': "import { size } from '../../../../nodes/review/checks/size.ts';\n",
};

const without = (files: Files, path: string) => new Map(Object.entries(files).filter(([name]) => name !== path));

describe('a step that is left out', () => {
  it.each([
    ['the role that speaks', ROLE, 'nodes/scout/scout.ts', 'domain/roles.ts:2', 'write nodes/<stage>/scout.md'],
    ['the story of a role', ROLE, 'test/story/scout.test.ts', 'domain/roles.ts:2', 'test/story/'],
    ['the line in the toolbox', TOOL, 'tools/toolbox.ts', 'tools/count.ts:1', 'does not list tool "count_lines"'],
    ['the test of a tool', TOOL, 'test/tools/count.test.ts', 'tools/count.ts:1', 'no test in test/tools/'],
    [
      'the line in the order of checks',
      CHECK,
      'nodes/review/checks/index.ts',
      'nodes/review/checks/size.ts:1',
      'does not list check "size"',
    ],
    ['the test of a check', CHECK, 'test/nodes/review/checks/size.test.ts', 'nodes/review/checks/size.ts:1', 'runs check "size"'],
  ])('%s is missed', (_title, files, path, place, words) => {
    expect(unfinished(new Map(Object.entries(files)))).toEqual([]);
    const found = unfinished(without(files, path));
    expect(found.map((one) => `${one.path}:${one.line}`)).toEqual([place]);
    expect(found[0]?.what).toContain(words);
  });

  it('fails `npm run check` with the sentence that says what to do', () => {
    const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
    const house = readHouse(root);
    const text = house.get('domain/roles.ts') ?? '';
    const added = text.replace('roleTable({\n', "roleTable({\n  ghost: { stage: 'plan' },\n");
    const found = inspect(new Map([...house, ['domain/roles.ts', added]])).filter(({ rule }) => rule === 'unfinished');
    expect(found.map(({ path, teaching }) => [path, teaching])).toEqual([
      ['domain/roles.ts', RULES['unfinished']],
      ['domain/roles.ts', RULES['unfinished']],
    ]);
    expect(RULES['unfinished']).toContain('Add a role');
  });
});
