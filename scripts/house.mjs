/** The rules of the house, checked by a machine: who may import whom, what lives in which room, what is never written. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTRACT, ENTRY_RULES, inspectEntryPoints } from './entry-points.mjs';
import { unfinished } from './extensions.mjs';
import { functionsOf } from './functions.mjs';
import { inspectTests } from './mirror.mjs';
import { importsOf, lineAt, scan } from './scan.mjs';

const RANK = { domain: 0, tools: 1, models: 1, checkpoints: 1, nodes: 2, graphs: 3, runtime: 4, server: 5, cli: 6 };
const MAX_LINES = 400;
const MAX_FUNCTION_LINES = 60;
const MAX_PARAMETERS = 4;
const MAX_EXCEPTIONS = 5;

/** Functions that break a rule of functions with a reason: `{ path, name, rule, reason }`, at most five in all. */
export const EXCEPTIONS = [];
const MODEL_SDKS = new Set(['@langchain/openai', '@langchain/anthropic', '@langchain/google']);

/** Why each rule stands, and what to do instead. */
export const RULES = {
  direction:
    'Imports run one way (cli, server > runtime > graphs > nodes > tools, models, checkpoints > domain), so that a room can be read without those above it. Move the shared word down into domain/, or pass the thing in as a port.',
  neighbours:
    'tools/, models/ and checkpoints/ never import each other, so that each can be replaced alone. Meet in a port in domain/ and let runtime/ put them together.',
  roles:
    'A role never imports another role; they meet only in the files they hand on, and every folder of nodes/ is one. Put what both need in nodes/*.ts or in domain/, or read the hand-over file.',
  surface:
    'runtime/operations.ts is the one way in for command line and server, and its folders may be rebuilt at will. Call an operation, or add one there; only files at the root of runtime/ are imported.',
  governed:
    'What any LangGraph server needs knows nothing of governed threads: it asks the `Governs` of a graph (server/project/governs.ts). Put the question there; only server/assemble.ts imports server/governed/.',
  unfinished:
    'A role, a tool and a check are added whole, or `npm run check` is green and the run is broken. Do the step that is missing (AGENTS.md, "Add a role", "Add a tool", "Add a check"), or take the rest away again.',
  outside: 'A room ships; tests, scripts, benchmarks and examples do not. Move what you need into a room.',
  'domain-pure':
    'domain/ is words and rules: it imports zod, node:crypto and itself. Take disk, clock or network as a port and implement it in a room above.',
  'sql-room': 'SQL lives in checkpoints/ only, so that another database is another folder there. Add a method to a store and its port.',
  'process-room':
    'Processes start in tools/process.ts only: it kills the whole group, caps output and passes an allow-list of the environment. Call it, or the port above it.',
  'model-room':
    'The SDKs of model providers live in models/dialects/ only, behind the model door that reserves and records money. Use the model port.',
  environment:
    'The environment is read once, in runtime/entry.ts, runtime/environment.ts, cli/ or tools/process.ts. Take the value as a parameter, so that a run does not depend on where it was started.',
  clock:
    'Time and chance come in from outside, so that a replay after a crash does the same and tests need no sleep. Take a Clock (domain/ports.ts) or an id as a parameter.',
  circle:
    'A circle of imports means that two files are one idea, or that a word lives too high. Move the shared part into its own file below both.',
  length: `A file is one idea and has at most ${MAX_LINES} lines. Split it by idea and name each file after its main export.`,
  'function-length': `A function is read in one look: at most ${MAX_FUNCTION_LINES} lines, its braces and the functions inside it counted. Give its steps names and take them out, so that a stack trace tells them apart.`,
  parameters: `Nobody remembers the fifth of them: at most ${MAX_PARAMETERS} parameters. Pass one object whose fields have names.`,
  exceptions: `An exception names a function that still breaks its rule and says why; there are at most ${MAX_EXCEPTIONS}. Take it off the list, or mend another first.`,
  'default-export': 'Exports have names, so that a thing is called the same everywhere. Write `export const` or `export function`.',
  opening:
    'Every file opens with `/** one sentence that says what it is for */`, so that a listing can be read. Write it above the imports.',
  'as-any':
    '`as any` switches the type checker off for everything behind it. Parse the value with zod, or take it as `unknown` and narrow it.',
  'ts-ignore':
    'A hidden type error comes back at run time. Fix the type; where a library is wrong, use `@ts-expect-error` with the reason.',
  ...ENTRY_RULES,
  'target-test':
    'A release target acts on the world outside, where only its own test can hold it to its four promises. Write test/nodes/deploy/targets/<target>.test.ts: released, undone, and again after it was killed before and after it acted.',
  leftover: 'A note to do something later is not done. Do it now, or open an issue and leave the code without the note.',
};

const roomOf = (path) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');
const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const roleOf = (path) => {
  const [room, folder, file] = path.split('/');
  return room === 'nodes' && file !== undefined ? folder : undefined;
};
const bareNode = (specifier) => specifier.replace(/^node:/, '').split('/')[0];

/** The rule that an import between rooms breaks, if any. */
function brokenByTarget(path, target) {
  const from = roomOf(path);
  const to = roomOf(target);
  if (RANK[to] === undefined) return target === 'package.json' || target.endsWith('.json') ? undefined : 'outside';
  if ((from === 'cli' || from === 'server') && /^runtime\/[^/]+\//.test(target)) return 'surface';
  if (from === to) {
    if (target.startsWith('server/governed/') && !path.startsWith('server/governed/') && path !== 'server/assemble.ts') return 'governed';
    const role = roleOf(path);
    const other = roleOf(target);
    return role !== undefined && other !== undefined && role !== other ? 'roles' : undefined;
  }
  if (from === 'domain') return 'domain-pure';
  if (RANK[from] === RANK[to]) return 'neighbours';
  return RANK[from] < RANK[to] ? 'direction' : undefined;
}

/** The rule that an import of a package breaks, if any. */
function brokenByPackage(path, specifier) {
  const room = roomOf(path);
  const name = packageOf(specifier);
  const isNode = specifier.startsWith('node:');
  if (room === 'domain' && specifier !== 'zod' && specifier !== 'node:crypto') return 'domain-pure';
  if ((name === 'better-sqlite3' || specifier === 'node:sqlite') && room !== 'checkpoints') return 'sql-room';
  if ((isNode || specifier === 'child_process') && bareNode(specifier) === 'child_process' && path !== 'tools/process.ts')
    return 'process-room';
  if (MODEL_SDKS.has(name) && !path.startsWith('models/dialects/')) return 'model-room';
  return undefined;
}

/** What code may not say, and where it may after all. */
const WORDS = [
  {
    rule: 'environment',
    part: 'bare',
    pattern: /\bprocess\s*(?:\.\s*env\b|\[\s*['"]\s*['"]\s*\])/g,
    allowed: (path) => ['runtime/entry.ts', 'runtime/environment.ts', 'tools/process.ts'].includes(path) || path.startsWith('cli/'),
  },
  {
    rule: 'clock',
    part: 'bare',
    pattern: /\bDate\s*\.\s*now\s*\(|\bnew\s+Date\s*\(\s*\)|\bMath\s*\.\s*random\s*\(/g,
    allowed: (path) => ['runtime', 'cli', 'server'].includes(roomOf(path)),
  },
  {
    rule: 'default-export',
    part: 'bare',
    pattern: /\bexport\s+default\b|\bas\s+default\b/g,
    allowed: (path) => path.endsWith('.config.ts'),
  },
];
const EVERYWHERE = [
  { rule: 'as-any', part: 'bare', pattern: /\bas\s+any\b/g },
  { rule: 'ts-ignore', part: 'comments', pattern: /@ts-(?:ignore|nocheck)\b/g },
  { rule: 'leftover', part: 'comments', pattern: /\b(?:TODO|FIXME)\b/g },
];

/** Groups of files that import each other in a circle, each as a closed walk. */
function circles(edges) {
  const found = [];
  const state = new Map();
  const stack = [];
  const visit = (path) => {
    state.set(path, 'open');
    stack.push(path);
    for (const { target, line } of edges.get(path) ?? []) {
      if (state.get(target) === 'open') found.push({ path, line, walk: [...stack.slice(stack.indexOf(target)), target] });
      else if (!state.has(target) && edges.has(target)) visit(target);
    }
    stack.pop();
    state.set(path, 'done');
  };
  for (const path of edges.keys()) if (!state.has(path)) visit(path);
  return found;
}

/** The rules of functions that one file breaks, without those that an exception names. */
function brokenByFunctions(path, text, exceptions) {
  const [room] = path.split('/');
  if (RANK[room] === undefined && room !== 'scripts') return [];
  return functionsOf(path, text).flatMap(({ name, line, lines, parameters }) =>
    [
      { rule: 'function-length', line, name, what: `${name}: ${lines} lines`, broken: lines > MAX_FUNCTION_LINES },
      { rule: 'parameters', line, name, what: `${name}: ${parameters} parameters`, broken: parameters > MAX_PARAMETERS },
    ].filter((one) => one.broken && !exceptions.some((not) => not.path === path && not.name === name && not.rule === one.rule)),
  );
}

/** What is wrong with the list of exceptions itself: one too many, one without a reason, one that nothing needs. */
function brokenExceptions(files, exceptions) {
  return exceptions.flatMap(({ path, name, rule, reason }, index) => {
    const isNeeded = brokenByFunctions(path, files.get(path) ?? '', []).some((one) => one.name === name && one.rule === rule);
    const problems = [
      ...(isNeeded ? [] : [`${name} does not break ${rule}`]),
      ...(reason.length >= 20 ? [] : [`${name} says no reason`]),
      ...(index < MAX_EXCEPTIONS ? [] : [`${name} is number ${index + 1}`]),
    ];
    return problems.map((what) => ({ path, line: 1, rule: 'exceptions', what, teaching: RULES.exceptions }));
  });
}

/** The release targets without a test of their own. A file there that exports no `DeployTarget` is a helper. */
function untestedTargets(files) {
  return [...files].flatMap(([path, text]) => {
    const name = /^nodes\/deploy\/targets\/([^/]+)\.ts$/.exec(path)?.[1];
    if (name === undefined || !/\bexport\s+const\s+\w+\s*:\s*DeployTarget\b/.test(scan(text).bare)) return [];
    const test = `test/nodes/deploy/targets/${name}.test.ts`;
    return files.has(test) ? [] : [{ path, line: 1, rule: 'target-test', what: `there is no ${test}`, teaching: RULES['target-test'] }];
  });
}

/**
 * Every violation in a set of files (path from the repository root -> text), sorted by path and line.
 * Pure: reads nothing but its arguments.
 */
export function inspect(files, exceptions = []) {
  const violations = [...brokenExceptions(files, exceptions), ...untestedTargets(files)];
  const edges = new Map();
  for (const [path, text] of files) {
    if (path.endsWith('.md')) continue;
    const inRoom = RANK[roomOf(path)] !== undefined && path.endsWith('.ts');
    const report = (rule, line, what) => violations.push({ path, line, rule, what, teaching: RULES[rule] });
    const parts = scan(text);
    const lines = text.endsWith('\n') ? text.split('\n').length - 1 : text.split('\n').length;
    if (lines > MAX_LINES) report('length', lines, `${lines} lines`);
    for (const { rule, part, pattern, allowed } of inRoom ? [...WORDS, ...EVERYWHERE] : EVERYWHERE) {
      if (allowed?.(path)) continue;
      for (const match of parts[part].matchAll(pattern)) report(rule, lineAt(text, match.index), match[0]);
    }
    for (const { rule, line, what } of brokenByFunctions(path, text, exceptions)) report(rule, line, what);
    if (!inRoom) continue;
    if (!/^(?:#![^\n]*\n)?\/\*\*[\s*]*[^\s*/][\s\S]{9,}?\*\//.test(text)) report('opening', 1, 'no opening sentence');
    const own = [];
    for (const { specifier, line } of importsOf(parts)) {
      if (!specifier.startsWith('.')) {
        const rule = brokenByPackage(path, specifier);
        if (rule !== undefined) report(rule, line, `imports ${specifier}`);
        continue;
      }
      const target = posix.normalize(posix.join(posix.dirname(path), specifier));
      const rule = brokenByTarget(path, target);
      if (rule !== undefined) report(rule, line, `imports ${target}`);
      own.push({ target, line });
    }
    edges.set(path, own);
  }
  for (const one of unfinished(files)) violations.push({ ...one, rule: 'unfinished', teaching: RULES.unfinished });
  for (const { path, line, walk } of circles(edges))
    violations.push({ path, line, rule: 'circle', what: walk.join(' -> '), teaching: RULES.circle });
  violations.push(...inspectEntryPoints(files));
  return violations.sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
}

/** Reads what the rules judge: the rooms, tests, benchmarks and scripts of a checkout. */
export function readHouse(root) {
  const files = new Map();
  const walk = (folder) => {
    let entries;
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries) {
      const full = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') walk(full);
      else if (entry.isFile() && /\.(?:ts|mjs)$/.test(entry.name)) files.set(relative(root, full), readFileSync(full, 'utf8'));
    }
  };
  for (const folder of [...Object.keys(RANK), 'test', 'bench', 'scripts']) walk(join(root, folder));
  files.set(CONTRACT, readFileSync(join(root, CONTRACT), 'utf8'));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = readHouse(dirname(dirname(fileURLToPath(import.meta.url))));
  const violations = [...inspect(files, EXCEPTIONS), ...inspectTests(files)];
  for (const { path, line, rule, what, teaching } of violations) console.log(`${path}:${line} [${rule}] ${what}\n    ${teaching}`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
