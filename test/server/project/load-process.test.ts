/** A user's TypeScript project, loaded by the built package in plain Node as `governor serve` does. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const BUILT = resolve('dist/server/project');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-user-project-'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string | object): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof text === 'string' ? text : JSON.stringify(text));
}

/** Each graph's answer to `{ text: 'a' }`, the members of its input, and whether it is of our own copy of LangGraph. */
async function serve(): Promise<unknown> {
  write(
    'serve.mjs',
    `const { readProject } = await import(${JSON.stringify(pathToFileURL(join(BUILT, 'config.js')).href)});
     const { loadProject } = await import(${JSON.stringify(pathToFileURL(join(BUILT, 'load.js')).href)});
     const { InMemoryStore, MemorySaver } = await import(${JSON.stringify(pathToFileURL(resolve('node_modules/@langchain/langgraph/dist/index.js')).href)});
     const { Pregel } = await import(${JSON.stringify(pathToFileURL(resolve('node_modules/@langchain/langgraph/dist/pregel/index.js')).href)});
     Object.assign(process.env, readProject('langgraph.json').env);
     const { graphs } = await loadProject({ file: 'langgraph.json', builtin: new Map() });
     const answers = {};
     for (const [id, served] of graphs) {
       const graph = await served.open({}, { saver: new MemorySaver(), store: new InMemoryStore() });
       let last;
       for await (const chunk of await graph.stream({ text: 'a' }, { configurable: { thread_id: 't' }, streamMode: 'values' })) last = chunk;
       answers[id] = { last, input: Object.keys((await served.schemas()).input?.properties ?? {}), ours: graph instanceof Pregel };
     }
     console.log(JSON.stringify(answers));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['serve.mjs'], { cwd: folder, timeout: 50_000 });
  return JSON.parse(stdout);
}

const GRAPH = `
import { START, StateGraph } from '@langchain/langgraph';
import { z } from 'zod';
import { shout } from '@/lib/shout';
import { mark } from './lib/mark.js';
enum Mark { Question = '?' }
const State = z.object({ text: z.string() });
export const graph = new StateGraph(State)
  .addNode('shout', ({ text }: z.infer<typeof State>) => ({ text: shout(text) + mark + Mark.Question + process.env.SAID }))
  .addEdge(START, 'shout');
export default graph;
`;

function project(more: object): void {
  write('package.json', { name: 'theirs', ...more });
  write('tsconfig.json', { compilerOptions: { baseUrl: '.', paths: { '@/*': ['./*'] } } });
  write('lib/shout.ts', 'export const shout = (text: string): string => text.toUpperCase();');
  write('lib/mark.ts', "export const mark: string = '!';");
  write('graph.ts', GRAPH);
}

const answer = { last: { text: 'A!?yes' }, input: ['text'], ours: true };

test("a module project: its own tsconfig's paths, enums, extensions that say .js, and the same LangGraph as ours", async () => {
  project({ type: 'module' });
  write('wrapped.js', "export { graph } from './graph.ts';");
  const graphs = { named: './graph.ts:graph', standard: './graph.ts:default', wrapped: './wrapped.js:graph' };
  write('langgraph.json', { graphs, env: { SAID: 'yes' } });
  expect(await serve()).toEqual({ named: answer, standard: answer, wrapped: answer });
});

test("a project whose package does not say that it is one of modules, which gets LangGraph's CommonJS build", async () => {
  project({});
  write('langgraph.json', { graphs: { named: './graph.ts:graph' }, env: { SAID: 'yes' } });
  expect(await serve()).toEqual({ named: { ...answer, ours: false } });
});
