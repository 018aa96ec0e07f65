/** What the checks read beside the code: rules of linters, build files, sourced scripts. A change of it may turn a check green without any change of the code. */
import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Change, Finding } from '../../../domain/handoff.ts';
import { pathMatcher } from '../../../domain/patterns.ts';
import { finding, type ReviewCheck, type ReviewContext, touched } from './check.ts';
import { jsonIn, usedScripts } from './test-scripts.ts';

interface Reads {
  /** Of the commands that are run, as a whole word. */
  readonly program: RegExp;
  readonly files: RegExp;
  /** Members of package.json that hold the same. */
  readonly members?: readonly string[];
}

const at = (names: string): RegExp => new RegExp(`(?:^|/)(?:${names})$`);

/** What programs read by default, as their own pages say. Manifests that change with every dependency are left out. */
const READS: readonly Reads[] = [
  { program: /\bmake\b/, files: at('(?:GNUm|[Mm])akefile|[^/]*\\.mk') },
  { program: /\bjust\b/, files: at('\\.?[Jj]ustfile') },
  { program: /\btask\b/, files: at('[Tt]askfile\\.ya?ml') },
  {
    program: /\beslint\b/,
    files: at('\\.eslintrc[^/]*|\\.eslintignore|eslint\\.config\\.[^/]*'),
    members: ['eslintConfig', 'eslintIgnore'],
  },
  { program: /\bbiome\b/, files: at('\\.?biome\\.jsonc?') },
  { program: /\boxlint\b/, files: at('\\.oxlintrc\\.jsonc?') },
  { program: /\bprettier\b/, files: at('\\.prettierrc[^/]*|\\.prettierignore|prettier\\.config\\.[^/]*'), members: ['prettier'] },
  { program: /\bstylelint\b/, files: at('\\.stylelint(?:rc[^/]*|ignore)|stylelint\\.config\\.[^/]*'), members: ['stylelint'] },
  { program: /\b(?:vue-)?tsc\b|\bts-node\b|\btsx\b/, files: at('tsconfig[^/]*\\.json|jsconfig\\.json') },
  { program: /\bruff\b/, files: at('\\.?ruff\\.toml') },
  { program: /\bflake8\b/, files: at('\\.flake8') },
  { program: /\bpylint\b/, files: at('\\.?pylintrc(?:\\.toml)?') },
  { program: /\bmypy\b/, files: at('\\.?mypy\\.ini') },
  { program: /\bnox\b/, files: at('noxfile\\.py') },
  { program: /\bgolangci-lint\b/, files: at('\\.golangci\\.(?:ya?ml|toml|json)') },
  { program: /\bcargo\b/, files: at('\\.?clippy\\.toml|rust-toolchain(?:\\.toml)?|\\.cargo/config(?:\\.toml)?') },
  { program: /\brubocop\b/, files: at('\\.rubocop[^/]*\\.yml') },
  { program: /\brspec\b/, files: at('\\.rspec') },
  { program: /\brake\b/, files: at('Rakefile|[^/]*\\.rake') },
  { program: /\b(?:gradlew?|mvnw?)\b/, files: at('gradlew|mvnw|(?:gradle|maven)-wrapper\\.properties') },
  // Names of its own that the code under test takes for others': `#x` may be anything.
  { program: /\b(?:node|npm|npx|pnpm|yarn|vitest|jest|mocha)\b/, files: /(?!)/, members: ['imports'] },
];

/** Of a shell script: what it takes in. */
const SOURCED = /^[ \t]*(?:\.|source)[ \t]+(?:"?\$\(dirname[^)]*\)"?\/|"?\$\{?\w+\}?"?\/)?["']?([\w./-]+)["']?/gm;
const MAX_SOURCED = 50;

export const checkInputs: ReviewCheck = {
  id: 'check-inputs',
  run: async (context) => {
    const { config, changes, findings } = context;
    const told = new Set(findings.filter(({ code }) => code === 'TESTS_WEAKENED').map(({ path }) => path));
    const commands = await commandsOf(context);
    const sourced = await sourcedBy(context);
    const found = changes.flatMap((change) => {
      const [path = ''] = touched([change]).filter((name) => !told.has(name));
      const what = path === '' ? undefined : readBy(change, { config, commands, sourced });
      return what === undefined ? [] : [input(change.path, `${what}, and it is ${change.status}`)];
    });
    return { results: [], findings: [...found, ...(await changedMembers(context, commands))], redLines: [] };
  },
};

const input = (path: string, what: string): Finding =>
  finding('check-inputs', 'CHECK_INPUT_CHANGED', `${path}: ${what}`, { path, severity: 'major', needsWaiver: true });

interface Known {
  readonly config: ReviewContext['config'];
  readonly commands: string;
  readonly sourced: ReadonlySet<string>;
}

function readBy(change: Change, { config, commands, sourced }: Known): string | undefined {
  const names = touched([change]);
  const check = config.checks.find(({ inputs }) => inputs.length > 0 && names.some(pathMatcher(inputs)));
  if (check !== undefined) return `is an input of the check "${check.id}" (checks[].inputs)`;
  const reads = READS.find(({ program, files }) => program.test(commands) && names.some((name) => files.test(name)));
  if (reads !== undefined) return `is what ${reads.program.exec(commands)?.[0] ?? 'a check'} reads its rules from`;
  return names.some((name) => sourced.has(name)) ? 'is a script that a check takes in' : undefined;
}

/** The words of all checks, and of the scripts of the base that they end up running. */
async function commandsOf({ repository, base, config }: ReviewContext): Promise<string> {
  const words = config.checks.flatMap(({ run }) => run);
  const scripts = jsonIn((await repository.readFile(base.tree, 'package.json'))?.toString('utf8'))['scripts'];
  return [words.join(' '), ...usedScripts(scripts, new Set(words)).values()].join('\n');
}

/** Scripts that the checks' scripts take in, and those take in; the check's own are told as what the tests run. */
async function sourcedBy({ repository, base, config }: ReviewContext): Promise<Set<string>> {
  const found = new Set<string>();
  const asked = config.checks
    .flatMap(({ run }) => run)
    .map((word) => posix.normalize(word))
    .filter((word) => !word.startsWith('-') && /\.(?:ba|z|k)?sh$/.test(word));
  for (let script = asked.shift(); script !== undefined && found.size < MAX_SOURCED; script = asked.shift()) {
    const text = (await repository.readFile(base.tree, script))?.toString('utf8') ?? '';
    for (const [, name = ''] of text.matchAll(SOURCED))
      for (const path of new Set([posix.normalize(name), posix.join(posix.dirname(script), name)])) {
        if (found.has(path) || path.startsWith('..')) continue;
        found.add(path);
        asked.push(path);
      }
  }
  return found;
}

async function changedMembers({ repository, base, candidate, changes }: ReviewContext, commands: string): Promise<Finding[]> {
  const members = READS.filter(({ program }) => program.test(commands)).flatMap((one) => one.members ?? []);
  const manifests = changes.filter(({ path, status }) => status === 'modified' && /(?:^|\/)package\.json$/.test(path));
  const found: Finding[] = [];
  for (const { path } of manifests) {
    const read = async (tree: string) => jsonIn((await repository.readFile(tree, path))?.toString('utf8'));
    const [was, now] = [await read(base.tree), await read(candidate.tree)];
    for (const name of members)
      if (!isDeepStrictEqual(was[name], now[name])) found.push(input(path, `its member "${name}" is what checks go by, and it is changed`));
  }
  return found;
}
