/** What was begun and not finished: a role, a tool or a rule check of which a step in `AGENTS.md` is left out. */
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';
import { importsOf, lineAt, scan } from './scan.mjs';

const TABLE = 'domain/roles.ts';
const TOOLBOX = 'tools/toolbox.ts';
const CHECKS = 'nodes/review/checks/';

/** The keys of the object that a table is made from, with their lines. */
function rowsOf(path, text, table) {
  const rows = [];
  for (const statement of parseSync(path, text).program.body) {
    const [declared] = (statement.declaration ?? statement).declarations ?? [];
    if (declared?.id.name !== table) continue;
    for (const { key, start } of declared.init?.arguments?.[0]?.properties ?? []) rows.push({ name: key.name, line: lineAt(text, start) });
  }
  return rows;
}

/** The files that a file imports by their paths. */
function targetsOf(path, text) {
  const relative = importsOf(scan(text)).filter(({ specifier }) => specifier.startsWith('.'));
  return relative.map(({ specifier }) => posix.normalize(posix.join(posix.dirname(path), specifier)));
}

const isTest = (path, folder) => path.startsWith(`test/${folder}`) && path.endsWith('.ts');

/** True when a file of the group says it. */
function isSaid(files, isIn, words) {
  return [...files].some(([path, text]) => isIn(path) && text.includes(words));
}

function unfinishedRoles(files) {
  const text = files.get(TABLE) ?? '';
  return rowsOf(TABLE, text, 'ROLE_TABLE').flatMap(({ name, line }) => [
    ...(isSaid(files, (path) => path.startsWith('nodes/'), `contractOf('${name}', `)
      ? []
      : [{ path: TABLE, line, what: `nobody speaks for role "${name}": write nodes/<stage>/${name}.md and read it with contractOf` }]),
    ...(isSaid(files, (path) => isTest(path, 'story/'), `'${name}'`)
      ? []
      : [{ path: TABLE, line, what: `no story tells of role "${name}": let its scripted replies run in test/story/` }]),
  ]);
}

function unfinishedTools(files) {
  const listed = targetsOf(TOOLBOX, files.get(TOOLBOX) ?? '');
  const isTold = (path) => isTest(path, 'tools/') || isTest(path, 'story/');
  return [...files].flatMap(([path, text]) => {
    if (!path.startsWith('tools/') || path === 'tools/tool.ts') return [];
    const names = [...text.matchAll(/\bdefineTool\(\{\s*name: '(\w+)'/g)].map((match) => ({
      name: match[1],
      line: lineAt(text, match.index),
    }));
    return names.flatMap(({ name, line }) => [
      ...(listed.includes(path) ? [] : [{ path, line, what: `${TOOLBOX} does not list tool "${name}"` }]),
      ...(isSaid(files, isTold, `'${name}'`) ? [] : [{ path, line, what: `no test in test/tools/ or test/story/ calls tool "${name}"` }]),
    ]);
  });
}

function unfinishedChecks(files) {
  const listed = targetsOf(`${CHECKS}index.ts`, files.get(`${CHECKS}index.ts`) ?? '');
  const tested = [...files].flatMap(([path, text]) => (isTest(path, CHECKS) ? targetsOf(path, text) : []));
  return [...files].flatMap(([path, text]) => {
    const declared = path.startsWith(CHECKS) ? /\bexport const (\w+): ReviewCheck\b/.exec(text) : null;
    if (declared === null) return [];
    const line = lineAt(text, declared.index);
    return [
      ...(listed.includes(path) ? [] : [{ path, line, what: `${CHECKS}index.ts does not list check "${declared[1]}"` }]),
      ...(tested.includes(path) ? [] : [{ path, line, what: `no test in test/${CHECKS} runs check "${declared[1]}"` }]),
    ];
  });
}

/** Each step that is left out, by the file that asks for it. Pure. */
export function unfinished(files) {
  return [...unfinishedRoles(files), ...unfinishedTools(files), ...unfinishedChecks(files)];
}
