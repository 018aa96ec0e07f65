/** `langgraph.json` and what it names: every kind of graph, with the server's saver and store, and their schemas. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InMemoryStore, MemorySaver } from '@langchain/langgraph';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { UsageError } from '../../../domain/errors.ts';
import type { ServableGraph, ServedGraph } from '../../../server/context.ts';
import { readProject } from '../../../server/project/config.ts';
import { loadProject, type Project } from '../../../server/project/load.ts';
import { remembering, zod } from '../fixtures/graphs.ts';

const FILE = fileURLToPath(new URL('../fixtures/langgraph.json', import.meta.url));
const governed = { id: 'governor', governs: {}, description: undefined } as ServedGraph; // only looked at
const builtin = new Map([['governor', governed]]);

let project: Project;
let told: string[];
let folder: string;
beforeAll(async () => {
  told = [];
  project = await loadProject({ file: FILE, builtin, warn: (message) => told.push(message) });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-project-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const graphOf = (id: string): ServedGraph => {
  const graph = project.graphs.get(id);
  if (graph === undefined) throw new Error(`no graph ${id}`);
  return graph;
};
const around = () => ({ saver: new MemorySaver(), store: new InMemoryStore() });

async function run(graph: ServableGraph, input: unknown, config: Record<string, unknown> = {}): Promise<unknown> {
  let last: unknown;
  const stream = await graph.stream(input, { ...config, configurable: { thread_id: 't' }, streamMode: 'values' });
  for await (const chunk of stream) last = chunk;
  return last;
}

function write(name: string, text: string | object): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof text === 'string' ? text : JSON.stringify(text));
  return file;
}

/** A reader of types, installed in the project, and a module whose graph has no schemas of its own. */
function writeReader(code: string): void {
  const reader = 'node_modules/@langchain/langgraph-api';
  write(`${reader}/package.json`, {
    name: '@langchain/langgraph-api',
    type: 'module',
    exports: { './schema': { default: './schema.mjs' } },
  });
  write(`${reader}/schema.mjs`, code);
  write(
    'graph.mjs',
    'const graph = { lg_is_pregel: true, nodes: {}, stream() {}, async *getSubgraphsAsync() {} };\nexport { graph as good, graph as bad };\n',
  );
}

async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message; // as just checked
  }
  throw new Error('nothing was refused');
}

test('the file says which graphs there are, their environment, routes and auth; unknown keys are told', () => {
  const { config } = project;
  expect([...config.graphs.keys()]).toEqual([...project.graphs.keys()]);
  expect(config.graphs.get('state')).toEqual({ file: join(config.folder, 'graphs.ts'), exported: 'state', description: 'A StateSchema' });
  expect(project.env).toMatchObject({ FIXTURE: 'yes' });
  expect(config.disabled).toEqual(['store']);
  expect(config.cors?.allow_origins).toEqual(['https://example.com']);
  expect(project.warnings.map((warning) => warning.slice(FILE.length + 2).split(':')[0])).toEqual([
    'governor',
    'store',
    'http.cors.colour',
  ]);
  expect(project.app?.routes.map((route) => route.path)).toEqual(['/hello']);
  expect(project.auth).toHaveProperty('~handlerCache');
});

test.each([
  ['zod', { text: 'a' }, { text: 'A', notes: [] }],
  ['state', { count: 1 }, { count: 2 }],
  ['annotation', { text: 'a' }, { text: 'a' }],
  ['builder', { text: 'a' }, { text: 'A', notes: [] }],
  ['promised', { text: 'a' }, { text: 'A', notes: [] }],
  ['agent', { text: 'a' }, { text: 'A', notes: [] }],
  ['plain', { text: 'a' }, { text: 'a!' }],
  ['whole', { text: 'a' }, { text: 'a!' }],
  ['common', { text: 'a' }, { text: 'a?' }],
])('graph %s runs, and leaves its checkpoints with the server', async (id, input, output) => {
  const { saver, store } = around();
  const graph = await graphOf(id).open({}, { saver, store });
  expect(await run(graph, input)).toEqual(output);
  expect(graph.store).toBe(store);
  expect(await saver.getTuple({ configurable: { thread_id: 't' } })).toBeDefined();
});

test('the shared graph is never changed, and a saver it was compiled with is left out', async () => {
  const own: unknown = remembering.checkpointer;
  const { saver, store } = around();
  const graph = await graphOf('remembering').open({}, { saver, store });
  await run(graph, { text: 'a' });
  expect(graph.checkpointer).toBe(saver);
  expect(remembering.checkpointer).toBe(own);
  expect(own).toBeInstanceOf(MemorySaver);
  expect(zod.checkpointer).toBeUndefined();
  expect((await graphOf('zod').open({}, around())).checkpointer).not.toBe((await graphOf('zod').open({}, around())).checkpointer);
});

test('a copy also speaks the third version of event streaming, which needs private members of the class', async () => {
  const graph = await graphOf('zod').open({}, around());
  // In this version a promise of the events.
  const stream: unknown = await (graph.streamEvents({ text: 'a' }, { version: 'v3', configurable: { thread_id: 't' } }) as unknown);
  const events: unknown[] = [];
  for await (const event of stream as AsyncIterable<unknown>) events.push(event); // as said above
  expect(events.length).toBeGreaterThan(0);
});

test('a factory is called with the config of each run, and told what for', async () => {
  const factory = graphOf('factory');
  const graph = await factory.open(
    { configurable: { greeting: 'Hello' } },
    { ...around(), access: { accessContext: 'threads.create_run', executionRuntime: { context: {} } } },
  );
  expect(await run(graph, { text: 'Ada' })).toEqual({ text: 'Hello, Ada (threads.create_run)' });
  await expect(factory.open({}, around())).rejects.toThrow('configurable.greeting is missing');
});

test("an interrupt deep in subgraphs is found through the server's saver", async () => {
  const graph = await graphOf('nested').open({}, around());
  await run(graph, {});
  expect(await graph.getState({ configurable: { thread_id: 't' } }, { subgraphs: true })).toMatchObject({
    next: ['middle'],
    tasks: [{ state: { next: ['inner'], tasks: [{ state: { next: ['ask'], tasks: [{ interrupts: [{ value: 'which?' }] }] } }] } }],
  });
});

test('schemas come from zod with its reducers, and from StateSchema', async () => {
  const zodSchemas = await graphOf('zod').schemas();
  expect(zodSchemas.input).toMatchObject({ type: 'object', properties: { text: { type: 'string' }, notes: { type: 'string' } } });
  expect(zodSchemas.output).toMatchObject({ properties: { notes: { type: 'array' } } });
  expect(zodSchemas.config).toMatchObject({ properties: { model: { type: 'string' } } });
  expect(zodSchemas.context).toEqual(zodSchemas.config);
  expect((await graphOf('state').schemas()).state).toMatchObject({ properties: { count: { type: 'number' } } });
  expect(await graphOf('zod').schemas()).toBe(zodSchemas);
});

test('schemas of an Annotation graph, and of a factory that needs a config, are null without the reader of types', async () => {
  for (const id of ['annotation', 'plain', 'common', 'factory'])
    expect(await graphOf(id).schemas()).toEqual({
      ...{ input: null, output: null, state: null, config: null, context: null },
      problem: expect.stringMatching(/^graph ".*": its state says no schemas at run time, and @langchain\/langgraph-api/),
    });
  expect(told.join('\n')).toContain('graph "factory": cannot be made without a run\'s config');
});

test('subgraphs have their schemas under their namespaces', async () => {
  const subgraphs = await graphOf('nested').subgraphSchemas();
  expect(Object.keys(subgraphs)).toEqual(['middle', 'middle|inner']);
  expect(subgraphs['middle|inner']?.state).toMatchObject({ properties: { answer: { type: 'string' } } });
  expect(await graphOf('zod').subgraphSchemas()).toEqual({});
});

test("where the project has the reader of types, it is asked, by the graph's file and export; its failure is only told", async () => {
  writeReader(
    `export async function getStaticGraphSchema({ sourceFile, exportSymbol }) {
       if (exportSymbol === 'bad') throw new Error('cannot read it');
       return { [exportSymbol]: { state: { title: sourceFile }, input: { title: 'in' } } };
     }`,
  );
  const file = write('langgraph.json', { graphs: { good: './graph.mjs:good', bad: './graph.mjs:bad' } });
  const warnings: string[] = [];
  const { graphs } = await loadProject({ file, builtin, warn: (message) => warnings.push(message) });
  expect(await graphs.get('good')?.schemas()).toEqual({
    input: { title: 'in' },
    output: null,
    state: { title: join(folder, 'graph.mjs') },
    config: null,
    context: null,
  });
  const problem = `graph "bad": its schemas cannot be read from the types of ${join(folder, 'graph.mjs')}: cannot read it`;
  expect(await graphs.get('bad')?.schemas()).toMatchObject({ state: null, problem });
  expect(warnings).toEqual([problem]);
});

test('a reading of types that failed costs its time once in a while; one that worked is not done twice', async () => {
  const readings = write('readings', '');
  const broken = write('broken', '');
  writeReader(
    `import { appendFileSync, existsSync } from 'node:fs';
     export async function getStaticGraphSchema({ exportSymbol }) {
       appendFileSync(${JSON.stringify(readings)}, '.');
       if (existsSync(${JSON.stringify(broken)})) throw new Error('cannot read it now');
       return { [exportSymbol]: { state: { title: 'read' } } };
     }`,
  );
  const counted = (): number => readFileSync(readings, 'utf8').length;
  const warnings: string[] = [];
  const file = write('langgraph.json', { graphs: { good: './graph.mjs:good' } });
  const load = async (retryMs?: number) =>
    (
      await loadProject({ file, builtin, warn: (message) => warnings.push(message), ...(retryMs === undefined ? {} : { retryMs }) })
    ).graphs.get('good');
  const patient = await load();
  for (let time = 0; time < 3; time += 1)
    expect(await patient?.schemas()).toMatchObject({ state: null, problem: expect.stringMatching(/cannot read it now$/) });
  expect([counted(), warnings.length]).toEqual([1, 1]);
  write('readings', '');
  warnings.length = 0;
  const good = await load(0);
  expect(counted()).toBe(0);
  // Two that ask at once share one reading, also one that fails.
  expect((await Promise.all([good?.schemas(), good?.schemas()])).map((schemas) => schemas?.state)).toEqual([null, null]);
  expect([counted(), warnings.length]).toEqual([1, 1]);
  expect((await good?.schemas())?.state).toBeNull();
  expect([counted(), warnings.length]).toEqual([2, 2]);
  rmSync(broken);
  const read = await good?.schemas();
  expect(read?.state).toEqual({ title: 'read' });
  expect(counted()).toBe(3);
  write('broken', '');
  expect(await good?.schemas()).toBe(read);
  await good?.subgraphSchemas();
  expect([counted(), warnings.length]).toEqual([3, 2]);
});

test("this package's own graphs are those that are here already, also under another name", async () => {
  expect(project.graphs.get('governor')).toBe(governed);
  const entry = fileURLToPath(new URL('../../../runtime/entry.ts', import.meta.url));
  const file = write('langgraph.json', { graphs: { flow: { path: `${entry}:governor`, description: 'Ours' } } });
  const { graphs } = await loadProject({ file, builtin });
  expect(graphs.get('flow')).toMatchObject({ id: 'flow', governs: governed.governs, description: 'Ours' });
  write('langgraph.json', { graphs: { flow: `${entry}:nothing` } });
  expect(await refusal(() => loadProject({ file, builtin }))).toBe(`graph "flow": ${entry} has no graph "nothing"; it has governor`);
});

test('what is no graph is refused with the graph, the file, the export and what was found', async () => {
  const here = fileURLToPath(new URL('../fixtures/graphs.ts', import.meta.url));
  const load = (path: string, id = 'mine') =>
    refusal(() => loadProject({ file: write('langgraph.json', { graphs: { [id]: path } }), builtin }));
  const rule = 'must be a compiled graph, a graph builder, or a function that returns one; it is';
  expect(await load(`${here}:number`)).toBe(`graph "mine": ${here}:number: ${rule} number 42`);
  expect(await load(`${here}:settings`)).toBe(`graph "mine": ${here}:settings: ${rule} an object with colour`);
  expect(await load(`${here}:missing`)).toMatch(/^graph "mine": .*graphs\.ts has no export "missing"; it exports .*zod/);
  expect(await load('./absent.ts:graph')).toBe(`graph "mine": ${join(folder, 'absent.ts')} does not exist`);
  expect(await load(`${write('broken.mjs', 'throw new Error("at load");')}:graph`)).toMatch(
    /^graph "mine": .*broken\.mjs cannot be loaded: Error: at load/,
  );
  const file = write('langgraph.json', { graphs: { mine: `${here}:wrongFactory` } });
  const { graphs } = await loadProject({ file, builtin });
  expect(await refusal(() => graphs.get('mine')?.open({}, around()))).toBe(
    `graph "mine": ${here}:wrongFactory, returned by its function: ${rule} string "a text"`,
  );
  const app = write('langgraph.json', { graphs: { mine: `${here}:zod` }, http: { app: `${here}:number` } });
  expect(await refusal(() => loadProject({ file: app, builtin }))).toBe(`http.app: ${here}:number must be a Hono app; it is number`);
});

test('a wrong file is refused with the file, the key and the rule', async () => {
  const read = (text: string | object) => refusal(() => readProject(write('langgraph.json', text)));
  const file = join(folder, 'langgraph.json');
  expect(await refusal(() => readProject(file))).toMatch(`${file}: cannot be read`);
  expect(await read('{')).toMatch(`${file}: is not JSON`);
  expect(await read({})).toMatch(`${file}: graphs: `);
  expect(await read({ graphs: {} })).toBe(`${file}: graphs: must name a graph`);
  expect(await read({ graphs: { a: './a.ts' } })).toBe(`${file}: graphs.a: must be "<file>:<export>"`);
  expect(await read({ graphs: { a: './a.py:graph' } })).toBe(
    `${file}: graphs.a: ./a.py:graph is Python; this server runs TypeScript and JavaScript`,
  );
  expect(await read({ graphs: { a: './a.ts:b' }, http: { cors: { max_age: 'x' } } })).toMatch(`${file}: http.cors.max_age: `);
  expect(await read({ graphs: { a: './a.ts:b' }, env: './absent.env' })).toMatch(`${file}: env: ./absent.env cannot be read`);
});

test('the environment may be a file, a record, or names that must be set', () => {
  write('my.env', '# a comment\nA=1\nB="two words"\n');
  const graphs = { a: './a.ts:b' };
  expect(readProject(write('langgraph.json', { graphs, env: './my.env' })).env).toEqual({ A: '1', B: 'two words' });
  expect(readProject(write('langgraph.json', { graphs, env: ['A', 'B'] }))).toMatchObject({ env: {}, required: ['A', 'B'] });
  expect(readProject(write('langgraph.json', { graphs, env: '.env' })).env).toEqual({});
  const tsconfig = write('tsconfig.json', {});
  expect(readProject(write('langgraph.json', { graphs, env: { A: '1' } })).env).toEqual({ A: '1', TSX_TSCONFIG_PATH: tsconfig });
});
