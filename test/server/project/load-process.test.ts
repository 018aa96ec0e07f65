/** A user's TypeScript project, served by the built package in plain Node. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProcess } from '../process.ts';

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

/** Each graph's answer to `{ text: 'a' }`, and the members of its input. */
async function serve(): Promise<unknown> {
  const server = await startProcess({ home: join(folder, 'home'), config: join(folder, 'langgraph.json') });
  try {
    const answers: Record<string, unknown> = {};
    for (const { graph_id: id } of await server.client.assistants.search()) {
      const last = await server.client.runs.wait(null, id, { input: { text: 'a' } });
      const { input_schema: input } = await server.client.assistants.getSchemas(id);
      answers[id] = { last, input: Object.keys(input?.properties ?? {}) };
    }
    return answers;
  } finally {
    await server.end('SIGKILL');
  }
}

const GRAPH = `
import { BaseCheckpointSaver, START, StateGraph } from '@langchain/langgraph';
import { z } from 'zod';
import { shout } from '@/lib/shout';
import { mark } from './lib/mark.js';
enum Mark { Question = '?' }
const State = z.object({ text: z.string(), ours: z.boolean().optional() });
export const graph = new StateGraph(State)
  .addNode('shout', ({ text }: z.infer<typeof State>, { configurable }: { configurable?: Record<string, unknown> }) => ({
    text: shout(text) + mark + Mark.Question + process.env.SAID,
    // The saver is the server's: of this very copy of LangGraph, or of another.
    ours: configurable?.['__pregel_checkpointer'] instanceof BaseCheckpointSaver,
  }))
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

const answer = { last: { text: 'A!?yes', ours: true }, input: ['text', 'ours'] };

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
  expect(await serve()).toEqual({ named: { ...answer, last: { ...answer.last, ours: false } } });
});
