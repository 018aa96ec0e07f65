/** The built package: what starts fast stays small, and what a user's graph must share with us stays outside. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const DIST = resolve('dist');
const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
const textOf = (file: string): string => readFileSync(join(DIST, file), 'utf8');

/** What a built file imports before it runs. */
const importsOf = (file: string): string[] =>
  [...textOf(file).matchAll(/^(?:import|export)\b[^;]*?["']([^"']+)["'];$/gm)].map((found) => found[1] ?? '');

/** A file with all that is loaded with it, and the packages among them. */
function loadedWith(file: string): { files: string[]; packages: string[] } {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (at: string): void => {
    if (seen.has(at)) return;
    seen.add(at);
    for (const name of importsOf(at)) {
      if (name.startsWith('.')) visit(join(dirname(at), name));
      else if (!name.startsWith('node:') && !builtinModules.includes(name)) packages.add(name);
    }
  };
  visit(file);
  return { files: [...seen], packages: [...packages] };
}

test('the command says what it can do without loading a schema, a database or a package', () => {
  const loaded = loadedWith('cli/main.js');
  expect(loaded.packages).toEqual([]);
  expect(loaded.files.filter((file) => /node_modules\/zod\//.test(textOf(file)))).toEqual([]);
  expect(loaded.files.reduce((bytes, file) => bytes + textOf(file).length, 0)).toBeLessThan(250_000);
  expect(loadedWith('runtime/entry.js').packages).toContain('better-sqlite3');
});

test('a server answers before LangGraph is loaded: the first run, or the first state that is read, brings it', () => {
  const serve = files.find((file) => /^chunks\/serve-\w+\.js$/.test(file)) ?? '';
  expect(textOf(serve)).toContain('serveCommand');
  const langchain = (file: string) => loadedWith(file).packages.filter((name) => name.startsWith('@langchain/'));
  expect(langchain(serve)).toEqual(['@langchain/core/utils/uuid']);
  expect(langchain(files.find((file) => /^chunks\/execute-\w+\.js$/.test(file)) ?? '')).toContain('@langchain/langgraph');
});

test('every @langchain package and every native one is shared with the graphs of a user, not a copy of ours', () => {
  const inside = new Set(
    files.flatMap((file) => [...textOf(file).matchAll(/^ *\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map((found) => found[1] ?? '')),
  );
  expect([...inside].filter((name) => /langchain|langsmith|sqlite|tsx|undici/.test(name))).toEqual([]);
  expect(inside).toContain('zod');
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }; // ours
  const outside = new Set(files.flatMap((file) => loadedWith(file).packages));
  const names = [...outside].map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  expect(names.filter((name) => dependencies[name] === undefined)).toEqual([]);
  expect(names).toContain('@langchain/langgraph');
});

test('what is started or named by its path stands there, and finds its prompts and its package', () => {
  const { graphs } = JSON.parse(readFileSync('langgraph.json', 'utf8')) as { graphs: Record<string, string> }; // ours
  for (const graph of Object.values(graphs)) expect(existsSync(join(DIST, graph.replace(/\.ts:.*$/, '.js')))).toBe(true);
  expect(files).toEqual(expect.arrayContaining(['cli/main.js', 'cli/die-at-failpoint.js']));
  const home = mkdtempSync(join(tmpdir(), 'governor-bundle-'));
  const load = `const { governor } = await import(${JSON.stringify(join(DIST, 'runtime/entry.js'))}); process.stdout.write(typeof governor);`;
  const loaded = spawnSync(process.execPath, ['--input-type=module', '-e', load], {
    encoding: 'utf8',
    env: { ...process.env, GOVERNOR_HOME: home },
  });
  const version = spawnSync(process.execPath, [join(DIST, 'cli/main.js'), '--version'], { encoding: 'utf8', cwd: home });
  rmSync(home, { recursive: true, force: true });
  expect(loaded.stdout).toMatch(/^(?:function|object)$/);
  expect(version.stdout.trim()).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version); // ours
});
