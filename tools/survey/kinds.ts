/** What kind of file a path names, by its words alone: source in which language, test, prose, or what nobody writes by hand. */

const LANGUAGES: Readonly<Record<string, readonly string[]>> = {
  TypeScript: ['ts', 'tsx', 'mts', 'cts'],
  JavaScript: ['js', 'jsx', 'mjs', 'cjs'],
  Python: ['py', 'pyi'],
  Go: ['go'],
  Rust: ['rs'],
  Java: ['java'],
  Kotlin: ['kt', 'kts'],
  Scala: ['scala'],
  C: ['c', 'h'],
  'C++': ['cc', 'cpp', 'cxx', 'hpp', 'hh'],
  'C#': ['cs'],
  'F#': ['fs'],
  Swift: ['swift'],
  'Objective-C': ['m', 'mm'],
  Ruby: ['rb'],
  PHP: ['php'],
  Perl: ['pl', 'pm'],
  Lua: ['lua'],
  Elixir: ['ex', 'exs'],
  Erlang: ['erl'],
  Haskell: ['hs'],
  OCaml: ['ml', 'mli'],
  Clojure: ['clj', 'cljs'],
  Dart: ['dart'],
  R: ['r'],
  Julia: ['jl'],
  Zig: ['zig'],
  Shell: ['sh', 'bash'],
  SQL: ['sql'],
  Vue: ['vue'],
  Svelte: ['svelte'],
  HTML: ['html'],
  CSS: ['css', 'scss', 'less'],
};
const LANGUAGE_OF = new Map(Object.entries(LANGUAGES).flatMap(([name, ends]) => ends.map((end): [string, string] => [end, name])));

const GENERATED_FOLDERS = new Set(
  'node_modules vendor third_party bower_components dist coverage generated __generated__ __snapshots__ __pycache__ site-packages .venv .next Pods'.split(
    ' ',
  ),
);
const GENERATED_NAME =
  /(?:\.min\.(?:js|css)|\.map|\.lock|\.snap|\.pb\.go|_pb2\.py|\.g\.dart|\.generated\.\w+)$|^(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|bun\.lockb?|go\.sum)$/i;
const TEST = /(?:^|\/)(?:tests?|__tests__|specs?)\/|(?:\.(?:test|spec)\.\w+|_test\.\w+|_spec\.rb)$|(?:^|\/)test_[^/]+\.py$/i;
const PROSE = /\.(?:md|mdx|rst|adoc|txt)$/i;
const SETTINGS = /\.(?:json|ya?ml|toml|ini|cfg|xml|gradle|properties)$|(?:^|\/)(?:Makefile|Dockerfile|Rakefile|Gemfile)$/;

export type FileKind = 'source' | 'test' | 'settings' | 'prose' | 'other' | 'generated';

export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Generated, vendored or locked: nobody reads it to understand the project. */
export function isGenerated(path: string): boolean {
  if (GENERATED_NAME.test(baseOf(path))) return true;
  return path
    .split('/')
    .slice(0, -1)
    .some((part) => GENERATED_FOLDERS.has(part));
}

/** Undefined for what is no source. */
export function languageOf(path: string): string | undefined {
  const base = baseOf(path);
  const at = base.lastIndexOf('.');
  return at < 0 ? undefined : LANGUAGE_OF.get(base.slice(at + 1).toLowerCase());
}

export function kindOf(path: string): FileKind {
  if (isGenerated(path)) return 'generated';
  if (languageOf(path) !== undefined) return TEST.test(path) ? 'test' : 'source';
  if (PROSE.test(path)) return 'prose';
  return SETTINGS.test(path) ? 'settings' : 'other';
}

export interface LanguageShare {
  readonly name: string;
  readonly files: number;
  /** Of all source files, in whole percent. */
  readonly percent: number;
}

/** By the number of files that people write, the most first; below one percent is left out. */
export function languageShares(paths: readonly string[]): LanguageShare[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const name = isGenerated(path) ? undefined : languageOf(path);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [...counts]
    .map(([name, files]) => ({ name, files, percent: Math.round((files * 100) / all) }))
    .filter(({ percent }) => percent >= 1)
    .toSorted((one, other) => other.files - one.files || (one.name < other.name ? -1 : 1));
}
