/** The bundle: our own code in a few files, so that Node resolves 60 of them and not 400. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';

/** Whatever is started as a process, named by `langgraph.json` or imported by its path in dist/. Each keeps its path. */
const ENTRIES = ['cli/main.ts', 'cli/die-at-failpoint.ts', 'domain/config.ts', 'domain/failpoint.ts', 'runtime/operations.ts'];

/**
 * Bundled with our code: pure JavaScript of which no graph of a user must have the same copy. All else stays outside: `@langchain/*`,
 * which a user's graphs must share with us, native modules, and what loads files of its own.
 */
const INSIDE = ['@hono/node-server', 'commander', 'eventsource-parser', 'hono', 'jose', 'picomatch', 'yaml', 'zod'];

/** @param dist where it is written. Every file stands one folder deep, beside the folders of the rooms. */
export async function bundle(root, dist) {
  const graphs = Object.values(JSON.parse(readFileSync(join(root, 'langgraph.json'), 'utf8')).graphs);
  const named = graphs.map((graph) => graph.replace(/^\.\//, '').replace(/:[^:]*$/, ''));
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([...new Set([...ENTRIES, ...named])].map((file) => [file.replace(/\.ts$/, ''), file])),
    outdir: dist,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'linked',
    sourcesContent: false,
    // CommonJS packages ask for Node's own modules with `require`.
    banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
    plugins: [outside, inEnglish, inPlace(root)],
    logLevel: 'warning',
  });
}

/** Packages that are not listed in `INSIDE` are imported when it runs. */
const outside = {
  name: 'outside',
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      if (kind === 'entry-point') return undefined;
      // What a bundled package imports is of its own.
      if (/[\\/]node_modules[\\/]/.test(importer)) return undefined;
      const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/');
      return INSIDE.includes(name) ? undefined : { path, external: true };
    });
  },
};

/** Zod's messages in fifty languages are a third of it, and are read at every start; nobody asks for another than English. */
const inEnglish = {
  name: 'in-english',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/** A module that looks for a file beside it, or for itself, finds it where the module would stand unbundled. */
function inPlace(root) {
  return {
    name: 'in-place',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const own = relative(root, path).replaceAll('\\', '/').replace(/\.ts$/, '.js');
        return { contents: text.replaceAll('import.meta.url', `new URL('../${own}', import.meta.url).href`), loader: 'ts' };
      });
    },
  };
}
