/** The rules of tests fire on a planted violation, and only there. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readHouse } from '../../scripts/house.mjs';
import { inspectTests, TEST_RULES } from '../../scripts/mirror.mjs';

const told = (...files: [path: string, text?: string][]): string[] =>
  inspectTests(new Map(files.map(([path, text = '']) => [path, text]))).map(({ path, rule, what }) => `${path} [${rule}] ${what}`);

const CHECK = 'export const size: ReviewCheck = { id: "size" };';
const TOOL = 'export const countLines = defineTool({});';
const STORE = 'export function createNotes(sql: Sql, clock: Clock): Notes { return {}; }';
const TOOLS = 'export const FILE_TOOLS: readonly Tool[] = [];';

describe('mirror', () => {
  it.each([
    ['a file that is not there', 'test/tools/sundry.test.ts', 'tools/sundry.ts'],
    ['a file of another folder', 'test/server/worker.test.ts', 'server/worker.ts'],
    ['a word that only begins as a name does', 'test/server/runs/workers.test.ts', 'server/runs/workers.ts'],
    ['a folder that is not there', 'test/nodes/sundry/a.test.ts', 'nodes/sundry/a.ts'],
  ])('refuses a test that names %s', (_title, test, missing) => {
    expect(told(['server/runs/worker.ts'], ['tools/door.ts'], [test])).toEqual([`${test} [mirror] there is no ${missing}`]);
  });

  it.each([
    ['a file', 'test/server/runs/worker.test.ts'],
    ['an aspect of a file', 'test/server/runs/worker-crash.test.ts'],
    ['a folder', 'test/server/runs.test.ts'],
    ['an aspect of a folder', 'test/server/runs-together.test.ts'],
    ['no room', 'test/story/anything.test.ts'],
  ])('lets stand a test that names %s', (_title, test) => {
    expect(told(['server/runs/worker.ts'], [test])).toEqual([]);
  });

  it('lets stand what a test stands on', () => {
    expect(told(['tools/door.ts'], ['test/tools/repo.ts'])).toEqual([]);
  });
});

describe('tested', () => {
  it.each([
    ['check', 'nodes/review/checks/size.ts', CHECK],
    ['tool', 'tools/count-lines.ts', TOOL],
    ['tool', 'tools/files.ts', TOOLS],
  ])('refuses a %s without its own test, and lets it stand with one', (what, path, text) => {
    const test = `test/${path.replace('.ts', '.test.ts')}`;
    const role: [string][] = [['nodes/review/rules.ts'], ['test/nodes/review/rules.test.ts']];
    expect(told([path, text], ...role)).toEqual([`${path} [tested] the ${what} has no ${test}`]);
    expect(told([path, text], [test], ...role)).toEqual([]);
  });

  it.each([
    ['checkpoints/notes.ts', 'test/conformance/notes.ts'],
    ['checkpoints/notes/notes.ts', 'test/conformance/notes.ts'],
    ['checkpoints/served/notes.ts', 'test/conformance/served/notes.ts'],
    ['checkpoints/served/notes/notes.ts', 'test/conformance/served/notes.ts'],
  ])('refuses the store %s without %s, and lets it stand with one', (path, suite) => {
    expect(told([path, STORE])).toEqual([`${path} [tested] the store has no ${suite}`]);
    expect(told([path, STORE], [suite])).toEqual([]);
  });

  it('asks no suite of what puts stores together, nor of a piece of a store', () => {
    const piece = 'export function* notesOf(threadId: string): Transaction<Notes> {}';
    expect(told(['checkpoints/core.ts', STORE], ['checkpoints/served/index.ts', STORE], ['checkpoints/notes/search.ts', piece])).toEqual(
      [],
    );
  });

  it('asks no test of a helper, nor of words in a comment', () => {
    expect(
      told(
        ['tools/paths.ts', 'export const inside = 1;'],
        ['tools/tool.ts', `/** ${TOOL} */`],
        ['tools/toolbox.ts', 'export const TOOLS: readonly Tool[] = [];'],
      ),
    ).toEqual([]);
  });

  it('refuses a role of which no test stands in its folder, and lets it stand with one', () => {
    const role: [string] = ['nodes/translate/translate.ts'];
    expect(told(role, ['test/nodes/translate/world.ts'])).toEqual([
      'nodes/translate/ [tested] the role has no test in test/nodes/translate/',
    ]);
    expect(told(role, ['test/nodes/translate/translate.test.ts'])).toEqual([]);
  });
});

it('both say what to do instead', () => {
  for (const [rule, teaching] of Object.entries(TEST_RULES)) expect(teaching.length, rule).toBeGreaterThan(100);
});

it('stands: the tests of this checkout are where they belong', () => {
  expect(inspectTests(readHouse(dirname(dirname(dirname(fileURLToPath(import.meta.url))))))).toEqual([]);
});
