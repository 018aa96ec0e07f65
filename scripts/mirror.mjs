/** Rules of tests: each stands where the thing that it tests stands, and what others extend has one of its own. */
import { scan } from './scan.mjs';

const ROOMS = ['domain', 'tools', 'models', 'checkpoints', 'nodes', 'graphs', 'runtime', 'server', 'cli'];

/** `a/b.ts` is tested by `test/a/b.test.ts`. */
const beside = (path) => `test/${path.replace(/\.ts$/, '.test.ts')}`;
/** A store stands in a file or in a folder of its name; its suite is run for every backend. */
const conformance = (path) => path.replace(/^checkpoints\/(served\/)?(?:.*\/)?([^/]+)$/, 'test/conformance/$1$2');

/** Where one extends: the files of a place that say so, and the test that each has. */
const EXTENSIONS = [
  { what: 'check', place: /^nodes\/review\/checks\/[^/]+$/, says: /\bexport\s+const\s+\w+\s*:\s*ReviewCheck\b/, test: beside },
  {
    what: 'tool',
    place: /^tools\/[^/]+$/,
    says: /\bexport\s+const\s+\w+(?:\s*=\s*defineTool\s*\(|_TOOLS\s*:\s*readonly\s+Tool\s*\[)/,
    test: beside,
  },
  // The two files that put stores together are no stores.
  {
    what: 'store',
    place: /^checkpoints\/(?!core\.ts$|served\/index\.ts$)/,
    says: /\bexport\s+function\s+create\w+\s*\(\s*sql\s*:\s*Sql\b/,
    test: conformance,
  },
];
/** The roles: every folder of `nodes/`. */
const ROLE = /^nodes\/([^/]+)\//;

/** Why each rule stands, and what to do instead. */
export const TEST_RULES = {
  mirror:
    'A test stands in the folder of test/ that its subject stands in, under the name of its file or folder, or that name and an aspect (test/server/runs/worker-crash.test.ts), so that whoever changes a file finds its tests by its path. Move it, or to test/story/ if it tells a whole run.',
  tested:
    'What others extend has a test of its own under its own name, so that the next one is written by its example: of a check a change that fails it and one that just passes, of a tool also what it refuses, of a role its hand-over, of a store the suite that every backend passes. Write it.',
};

const isFolder = (files, folder) => [...files.keys()].some((path) => path.startsWith(`${folder}/`));

/** The test `name` is of the file or folder `name`, or of an aspect of it: `name-aspect`. */
function namesSomething(files, folder, name) {
  const words = name.split('-');
  return words.some((_word, index) => {
    const place = `${folder}/${words.slice(0, index + 1).join('-')}`;
    return files.has(`${place}.ts`) || isFolder(files, place);
  });
}

const violation = (rule, path, what) => ({ path, line: 1, rule, what, teaching: TEST_RULES[rule] });

function strayTests(files) {
  return [...files.keys()].flatMap((path) => {
    const [, folder = '', name = ''] = /^test\/(.+)\/([^/]+)\.test\.ts$/.exec(path) ?? [];
    if (!ROOMS.includes(folder.split('/')[0]) || namesSomething(files, folder, name)) return [];
    return [violation('mirror', path, `there is no ${folder}/${name}.ts`)];
  });
}

/** A file of the folder that says nothing of an extension is a helper. */
function untestedExtensions(files) {
  return [...files].flatMap(([path, text]) => {
    const kind = EXTENSIONS.find(({ place }) => place.test(path));
    if (kind === undefined || !kind.says.test(scan(text).bare)) return [];
    const test = kind.test(path);
    return files.has(test) ? [] : [violation('tested', path, `the ${kind.what} has no ${test}`)];
  });
}

function untestedRoles(files) {
  const roles = new Set([...files.keys()].flatMap((path) => ROLE.exec(path)?.[1] ?? []));
  return [...roles]
    .filter((role) => ![...files.keys()].some((path) => path.startsWith(`test/nodes/${role}/`) && path.endsWith('.test.ts')))
    .map((role) => violation('tested', `nodes/${role}/`, `the role has no test in test/nodes/${role}/`));
}

/** What is wrong with where tests stand, in a set of files (path from the repository root -> text). Pure. */
export function inspectTests(files) {
  return [...strayTests(files), ...untestedExtensions(files), ...untestedRoles(files)];
}
