/** A route without a test, a command without a test or without its line in the contract: each is found, and the honest ones pass. */
import { describe, expect, it } from 'vitest';
import { inspectEntryPoints } from '../../scripts/entry-points.mjs';

const found = (...files: [path: string, text: string][]) =>
  inspectEntryPoints(new Map(files)).map(({ path, line, rule, what }) => `${path}:${line} [${rule}] ${what}`);

describe('a route', () => {
  const route = (path: string): [string, string] => [
    'server/api/notes.ts',
    `const a = 1;\nconst read = () =>\n  endpoint(\n    'get',\n    '${path}',\n  );\n`,
  ];

  it.each([
    ['that no test calls', '/notes', `await call('/threads');`],
    ['of which a test calls only the beginning', '/notes/{note_id}/text', 'await call(`/notes/$' + '{id}`);'],
    ['of which a test calls only a longer one', '/notes', `await call('/notes/search');`],
    ['where a test calls something else by a variable', '/notes/{note_id}', 'await call(`$' + '{url}/threads`);'],
  ])('is refused %s', (_title, path, test) => {
    expect(found(route(path), ['test/server/api/notes.test.ts', test])).toEqual([
      `server/api/notes.ts:3 [route-test] no test calls GET ${path}`,
    ]);
  });

  it.each([
    ['by its path', '/notes', `await call('/notes');`],
    ['with a query', '/notes', `await call('/notes?limit=1');`],
    ['with a parameter', '/notes/{note_id}/text', 'await call(`/notes/$' + '{id}/text`);'],
    ['with a value for it', '/notes/{note_id}', `await call('/notes/none');`],
    ['from a variable that holds its beginning', '/notes/{note_id}/text', 'await call(`$' + '{note}/text`);'],
    ['of /governor by its helper', '/governor/notes', `await call('/notes');`],
  ])('passes that a test calls %s', (_title, path, test) => {
    expect(found(route(path), ['test/server/api/notes.test.ts', test])).toEqual([]);
  });

  it('is asked for no test where it stands as an example in a comment', () => {
    expect(found(['server/http/endpoint.ts', ` * endpoint('get', '/notes', declared, handle)\n`])).toEqual([]);
  });
});

describe('a command', () => {
  const command: [string, string] = [
    'cli/usage/notes.ts',
    `export function declareNotes() {\n  command('forget <thread>', 'remove notes');\n}\n`,
  ];
  const contract: [string, string] = ['docs/contract.md', '# Contract\n\n## Commands\n| `forget <thread>` | removes notes |\n'];
  const test: [string, string] = ['test/cli/notes.test.ts', `await governor(world, ['forget', thread]);`];

  it('passes with its test and its row', () => {
    expect(found(command, contract, test)).toEqual([]);
  });

  it('is refused without a test', () => {
    expect(found(command, contract, ['test/cli/notes.test.ts', `expect(forget).toBe('forget');`])).toEqual([
      'cli/usage/notes.ts:2 [command-test] no test calls forget',
    ]);
  });

  it('is refused without a row in the contract, also where another word begins with its name', () => {
    expect(found(command, ['docs/contract.md', '# forget\n\n## Commands\n| `forgets` | `forgetful` |\n'], test)).toEqual([
      'cli/usage/notes.ts:2 [command-line] forget has no row in docs/contract.md',
    ]);
  });
});
