/** Each rule of the house fires on a planted violation, and only there. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ENTRY_RULES } from '../../scripts/entry-points.mjs';
import { EXCEPTIONS, inspect, RULES, readHouse } from '../../scripts/house.mjs';

const HEAD = '/** One sentence that says what it is for. */\n';

/** The rules that fire for files given as path and body; the opening sentence is added. */
function rules(...files: [path: string, body: string][]): string[] {
  return inspect(new Map(files.map(([path, body]) => [path, HEAD + body]))).map((violation) => violation.rule);
}

const PLANTED: [rule: string, title: string, path: string, body: string][] = [
  ['direction', 'a role that imports the flow', 'nodes/stage.ts', `import { flow } from '../graphs/governor.ts';`],
  ['direction', 'a type-only import up the stair', 'tools/door.ts', `import type { State } from '../nodes/state.ts';`],
  ['direction', 'a re-export up the stair', 'checkpoints/saver.ts', `export * from '../graphs/governor.ts';`],
  ['direction', 'a dynamic import up the stair', 'runtime/entry.ts', `const cli = await import('../cli/main.ts');`],
  ['direction', 'an import type expression up the stair', 'nodes/state.ts', `type A = import('../server/app.ts').A;`],
  ['direction', 'an import over several lines', 'models/metered.ts', `import {\n  a,\n  b,\n} from '../nodes/state.ts';`],
  ['neighbours', 'a tool that imports a store', 'tools/door.ts', `import { ledger } from '../checkpoints/ledger.ts';`],
  ['neighbours', 'a model that imports a tool', 'models/openai.ts', `import type { Tool } from '../tools/toolbox.ts';`],
  ['roles', 'a role that imports another role', 'nodes/review/critic.ts', `import { plan } from '../plan/planner.ts';`],
  [
    'surface',
    'a route that calls an inner file of the runtime',
    'server/api/runs.ts',
    `import { drive } from '../../runtime/drive/drive.ts';`,
  ],
  ['surface', 'a command that takes a type of one', 'cli/drive.ts', `import type { Rest } from '../runtime/drive/rest.ts';`],
  ['governed', 'a generic route that knows governed threads', 'server/api/runs.ts', `import { edit } from '../governed/edit.ts';`],
  ['roles', 'a new folder of nodes/ that imports a role', 'nodes/scout/scout.ts', `import { plan } from '../plan/plan.ts';`],
  ['outside', 'a room that imports a test', 'nodes/stage.ts', `import { fake } from '../test/fake.ts';`],
  ['domain-pure', 'a word that reads a disk', 'domain/config.ts', `import { readFileSync } from 'node:fs';`],
  ['domain-pure', 'a word that imports a room', 'domain/config.ts', `import { door } from '../tools/door.ts';`],
  ['domain-pure', 'a word that imports a package', 'domain/config.ts', `import yaml from 'yaml';`],
  ['sql-room', 'a driver outside its room', 'cli/main.ts', `import Database from 'better-sqlite3';`],
  ['process-room', 'a process outside its room', 'nodes/stage.ts', `import { spawn } from 'node:child_process';`],
  ['process-room', 'a process in another tool', 'tools/git.ts', `import { spawn } from 'child_process';`],
  ['model-room', 'the model SDK outside its room', 'nodes/stage.ts', `const sdk = await import('@langchain/openai');`],
  ['environment', 'a setting read deep inside', 'models/openai.ts', `const key = process.env['OPENAI_API_KEY'];`],
  ['environment', 'a setting read by a computed name', 'nodes/stage.ts', `const env = process['env'];`],
  ['clock', 'the time of day in a role', 'nodes/stage.ts', `const at = Date.now();`],
  ['clock', 'a date of now in a store', 'checkpoints/runs.ts', `const at = new Date();`],
  ['clock', 'chance in a tool', 'tools/worktree.ts', `const name = Math.random();`],
  ['clock', 'the time inside a template', 'tools/worktree.ts', 'const name = `x-$' + '{Date.now()}-y`;'],
  ['default-export', 'a default export', 'nodes/stage.ts', `export default function stage() {}`],
  ['as-any', 'a cast to any', 'nodes/stage.ts', `const a = b as any;`],
  ['ts-ignore', 'a hidden type error', 'nodes/stage.ts', `// @ts-ignore\nconst a = b;`],
  ['leftover', 'a note for later', 'nodes/stage.ts', `// TO${'DO'}: cap this`],
  ['target-test', 'a release target without a test of its own', 'nodes/deploy/targets/ftp.ts', 'export const ftp: DeployTarget<Ftp> = {};'],
  ['length', 'a file of more than 400 lines', 'nodes/stage.ts', 'const a = 1;\n'.repeat(400)],
  ['function-length', 'a function of 61 lines', 'domain/ids.ts', `export function long() {\n${'  work();\n'.repeat(59)}}`],
  ['parameters', 'a function of five parameters', 'domain/ids.ts', 'export const wide = (a, b, c, d, e) => a;'],
];

describe('the house rules', () => {
  it.each(PLANTED)('%s: refuses %s', (rule, _title, path, body) => {
    expect(rules([path, body])).toEqual([rule]);
  });

  it('opening: refuses a file that does not say what it is for', () => {
    expect(inspect(new Map([['domain/ids.ts', 'export const a = 1;\n']])).map((violation) => violation.rule)).toEqual(['opening']);
    expect(inspect(new Map([['cli/main.ts', `#!/usr/bin/env node\n${HEAD}export const a = 1;\n`]]))).toEqual([]);
  });

  it('circle: refuses files that import each other, and names the walk', () => {
    const found = inspect(
      new Map([
        ['domain/a.ts', `${HEAD}import { b } from './b.ts';\n`],
        ['domain/b.ts', `${HEAD}import type { c } from './c.ts';\n`],
        ['domain/c.ts', `${HEAD}export { a } from './a.ts';\n`],
      ]),
    );
    expect(found.map(({ rule, what }) => ({ rule, what }))).toEqual([
      { rule: 'circle', what: 'domain/a.ts -> domain/b.ts -> domain/c.ts -> domain/a.ts' },
    ]);
  });

  it('target-test: takes a release target that has its test, and a helper beside the targets', () => {
    const target: [string, string] = ['nodes/deploy/targets/ftp.ts', 'export const ftp: DeployTarget<Ftp> = {};'];
    expect(rules(target, ['test/nodes/deploy/targets/ftp.test.ts', 'const a = 1;'])).toEqual([]);
    expect(rules(['nodes/deploy/targets/upload.ts', 'export const upload = (target: DeployTarget) => target;'])).toEqual([]);
  });

  it('plants a violation for every rule there is', () => {
    expect(
      [...new Set([...PLANTED.map(([rule]) => rule), 'opening', 'circle', 'exceptions', 'unfinished', ...Object.keys(ENTRY_RULES)])].sort(),
    ).toEqual(Object.keys(RULES).sort());
  });

  it('names file, line and a teaching sentence', () => {
    const [violation] = inspect(new Map([['nodes/stage.ts', `${HEAD}\nconst at = Date.now();\n`]]));
    expect(violation).toMatchObject({ path: 'nodes/stage.ts', line: 3, rule: 'clock' });
    expect(violation?.teaching).toContain('Clock');
  });

  it.each([
    [
      'an import down the stair',
      'nodes/plan/planner.ts',
      `import { stage } from '../stage.ts';\nimport { door } from '../../tools/door.ts';`,
    ],
    ['a command that calls an operation', 'cli/drive.ts', `import type { Operations } from '../runtime/operations.ts';`],
    [
      'the file that assembles the server, which knows governed threads',
      'server/assemble.ts',
      `import { builtinGraphs } from './governed/builtin.ts';`,
    ],
    ['a governed route that asks its neighbour', 'server/governed/routes.ts', `import { overview } from './overview.ts';`],
    ['a word of the house in a comment', 'nodes/stage.ts', `/* as any, Date.now( */ // from '../cli/main.ts'\nconst a = 1;`],
    ['a word of the house in a string', 'nodes/stage.ts', `const a = 'process.env as any Math.random()';`],
    ['a word of the house in a template', 'nodes/stage.ts', 'const a = `Date.now( $' + '{b} as any`;'],
    ['a quote inside a regular expression', 'nodes/stage.ts', `const a = /['"]/.test(b) && "x as any";`],
    ['a date made from a given time', 'checkpoints/runs.ts', `const at = new Date(clock.now());`],
    ['the environment where it is read', 'runtime/entry.ts', `const home = process.env['GOVERNOR_HOME'];`],
    ['the one place for processes', 'tools/process.ts', `import { spawn } from 'node:child_process';`],
    ['the one place for the model SDKs', 'models/dialects/chat.ts', `const sdk = await import('@langchain/openai');`],
    ['the clock of the outermost rooms', 'cli/main.ts', `const at = Date.now();`],
  ])('allows %s', (_title, path, body) => {
    expect(rules([path, body])).toEqual([]);
  });

  it('stands: this checkout breaks no rule', () => {
    const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
    expect(inspect(readHouse(root), EXCEPTIONS).map(({ path, line, rule, what }) => `${path}:${line} [${rule}] ${what}`)).toEqual([]);
  });
});
