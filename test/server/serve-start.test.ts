/** What the server loads before its first answer. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProcess } from './process.ts';
import { FLOWS } from './serving.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The packages and built files that are loaded until the server answers. */
async function loadedBy(config: string): Promise<string> {
  const list = join(folder, 'loaded.txt');
  const hooks = `import { appendFileSync } from 'node:fs';
export function load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + '\\n'); return next(url, context); }`;
  writeFileSync(join(folder, 'hooks.mjs'), hooks);
  writeFileSync(join(folder, 'listen.mjs'), `import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);`);
  const env = { NODE_OPTIONS: `--import ${pathToFileURL(join(folder, 'listen.mjs')).href}` };
  const server = await startProcess({ home: join(folder, 'home'), config, env });
  expect((await fetch(`${server.url}/ok`)).status).toBe(200);
  await server.end('SIGKILL');
  return readFileSync(list, 'utf8');
}

test('a server of our own graphs starts without what only TypeScript, tokens and endpoints need', async () => {
  const loaded = await loadedBy(join(process.cwd(), 'langgraph.json'));
  // That LangGraph comes later is in test/house/bundle.test.ts: half a second after the start it is there.
  expect(loaded).toContain('/dist/chunks/serve-');
  for (const name of ['tsx', 'esbuild', 'jose', 'undici', '@pydantic/genai-prices', '@langchain/openai', '@secretlint/core'])
    expect(loaded, name).not.toContain(`/node_modules/${name}/`);
  expect(loaded).not.toMatch(/\/dist\/chunks\/jwt-/);
});

test('a project with a TypeScript graph gets its loader', async () => {
  expect(await loadedBy(FLOWS)).toContain('/node_modules/tsx/');
});
