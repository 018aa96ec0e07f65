/** Changes of how the tests are run: scripts of package.json, what those run, and test settings inside shared files. */
import { posix } from 'node:path';
import type { Finding } from '../../../domain/handoff.ts';
import { isTestFile } from '../../../domain/test-files.ts';
import type { ReviewContext } from './check.ts';
import { weak } from './check.ts';

const RUNS_TESTS = /^(?:pre|post)?(?:test|lint|check|typecheck)/;
const RUNNER = /\b(?:npm|pnpm|yarn|bun|run-s|run-p|npm-run-all)\b/;
const PROGRAM = /\b(?:node|tsx|ts-node|bun|deno run|sh|bash|python3?)\s+(?:-\S+\s+)*([^\s'"&|;-][^\s'"&|;]*\.\w+)/g;

type Json = Readonly<Record<string, unknown>>;

/** The scripts that the checks end up running, and the test configuration beside them. */
export async function changedScripts({ repository, base, candidate, changes, config }: ReviewContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  const asked = new Set(config.checks.flatMap((check) => check.run));
  const touched = new Set(changes.filter((change) => change.status !== 'added').map((change) => change.from ?? change.path));
  const all = (await repository.listTree(base.tree)).filter((entry) => /(?:^|\/)package\.json$/.test(entry.path));
  for (const { path } of all) {
    const read = async (tree: string): Promise<Json> => jsonIn((await repository.readFile(tree, path))?.toString('utf8'));
    const was = await read(base.tree);
    const used = usedScripts(was['scripts'], asked);
    findings.push(
      ...programs(path, used)
        .filter((program) => touched.has(program) && !isTestFile(program))
        .map((program) => weak(`${program}: is what the tests run, and it is changed`, program)),
    );
    if (!touched.has(path)) continue;
    const now = await read(candidate.tree);
    const after = scriptsOf(now);
    for (const [name, script] of used)
      if (after.get(name) !== script)
        findings.push(
          weak(
            `${path}: the script "${name}" is changed from ${JSON.stringify(script)} to ${JSON.stringify(after.get(name) ?? null)}`,
            path,
          ),
        );
    for (const name of after.keys()) {
      const around = /^(?:pre|post)(.+)$/.exec(name)?.[1] ?? '';
      if (used.has(around) && !used.has(name)) findings.push(weak(`${path}: the script "${name}" is added around the tests`, path));
      else if (/^(?:pre|post)test/.test(name) && !used.has(name))
        findings.push(weak(`${path}: the script "${name}" is added around the tests`, path));
    }
    for (const key of ['jest', 'vitest', 'mocha', 'ava', 'c8', 'nyc'])
      if (JSON.stringify(was[key]) !== JSON.stringify(now[key]))
        findings.push(weak(`${path}: the configuration "${key}" of the tests is changed`, path));
  }
  return findings;
}

/** Those named like tests, those a check names, and those they call or are wrapped in. */
export function usedScripts(written: unknown, asked: ReadonlySet<string>): Map<string, string> {
  const scripts = scriptsOf({ scripts: written });
  const used = new Map([...scripts].filter(([name]) => RUNS_TESTS.test(name) || asked.has(name)));
  for (const script of used.values()) {
    const words = new Set(RUNNER.test(script) ? script.split(/[\s'"&|;]+/) : []);
    for (const [name, text] of scripts) if (words.has(name)) used.set(name, text);
  }
  for (const name of used.keys())
    for (const around of [`pre${name}`, `post${name}`]) {
      const text = scripts.get(around);
      if (text !== undefined) used.set(around, text);
    }
  return used;
}

/** Program files that scripts start, from the top of the tree. */
function programs(path: string, scripts: ReadonlyMap<string, string>): string[] {
  const found = [...scripts.values()].flatMap((script) => [...script.matchAll(PROGRAM)].map((match) => match[1] ?? ''));
  return [...new Set(found.map((program) => posix.join(posix.dirname(path), program)))];
}

/** The part of a shared file that says how tests run. */
const PARTS: readonly { readonly path: RegExp; readonly part: (text: string) => string }[] = [
  {
    path: /(?:^|\/)pyproject\.toml$/,
    part: (text) => (text.match(/^\[+tool\.(?:pytest|tox|coverage)[^\n]*\n(?:(?!\[)[^\n]*\n?)*/gm) ?? []).join(''),
  },
  { path: /(?:^|\/)vite\.config\.[cm]?[jt]s$/, part: (text) => (/\btest\s*:|vitest/.test(text) ? text : '') },
  { path: /(?:^|\/)\.npmrc$/, part: (text) => (text.match(/^\s*(?:script-shell|node-options)\b.*$/gm) ?? []).join('\n') },
];

/** Test settings inside files that hold other things too. */
export async function changedParts({ repository, base, candidate, changes }: ReviewContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  const paths = new Set(changes.flatMap((change) => [change.path, change.from ?? change.path]));
  for (const path of paths) {
    const rule = PARTS.find((one) => one.path.test(path));
    if (rule === undefined) continue;
    const part = async (tree: string): Promise<string> => rule.part((await repository.readFile(tree, path))?.toString('utf8') ?? '');
    if ((await part(base.tree)) !== (await part(candidate.tree)))
      findings.push(weak(`${path}: the settings of the tests in it are changed`, path));
  }
  return findings;
}

/** Of a package.json as it is written; none where it is not one. */
export const scriptsIn = (text: string | undefined): Map<string, string> => scriptsOf(jsonIn(text));

function scriptsOf(value: Json): Map<string, string> {
  const scripts = value['scripts'];
  if (scripts === null || typeof scripts !== 'object') return new Map();
  return new Map(Object.entries(scripts).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Of a JSON file; nothing where it is none, or holds no object. */
export function jsonIn(text: string | undefined): Json {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return value !== null && typeof value === 'object' ? (value as Json) : {}; // checked on this line
  } catch {
    return {};
  }
}
