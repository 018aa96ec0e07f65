/** Scripts: how replies are read, found, repeated and missed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScript } from '../../models/script.ts';
import { createScriptedModel } from '../../models/scripted.ts';
import { chatRequest, HEADERS } from './fakes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-script-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function script(text: string) {
  const file = join(folder, 'script.yaml');
  writeFileSync(file, text);
  return createScriptedModel({ script: await loadScript(file), model: 'scripted', contextTokens: 8192 });
}

const never = new AbortController().signal;
const at = (more: Record<string, string> = {}) => chatRequest({ headers: { ...HEADERS, ...more } });

describe('a script', () => {
  it('answers by role, agent, attempt and call, labelled as canned', async () => {
    const model = await script(`
version: 1
replies:
  - { role: lead, text: first }
  - { role: lead, call: 2, tools: [{ name: write_file, arguments: { path: a, content: b } }], usage: { input: 100, output: 20 } }
  - { role: lead, attempt: 2, text: again, finish: length }
  - { role: planner, text: plan }
  - { role: worker, agent: w1.1, text: work }
`);
    expect(model.provider).toBe('script');
    expect(await model.complete(at(), never)).toMatchObject({ text: 'first', finish: 'stop', canned: true });
    expect(await model.complete(at({ 'x-governor-call': '2' }), never)).toMatchObject({
      finish: 'tool_calls',
      toolCalls: [{ id: 'call_1_2_1', name: 'write_file', arguments: '{"path":"a","content":"b"}' }],
      usage: { inputTokens: 100, outputTokens: 20 },
    });
    expect(await model.complete(at({ 'x-governor-attempt': '2' }), never)).toMatchObject({ text: 'again', finish: 'length' });
    expect(await model.complete(at({ 'x-governor-role': 'planner', 'x-governor-agent': '-' }), never)).toMatchObject({ text: 'plan' });
    expect(await model.complete(at({ 'x-governor-role': 'worker', 'x-governor-agent': 'w1.1' }), never)).toMatchObject({ text: 'work' });
  });

  it('keeps a string of arguments raw and reads files beside it', async () => {
    writeFileSync(join(folder, 'sum.js'), 'export const sum = 1;\n');
    const model = await script(`
version: 1
replies:
  - role: lead
    contentFile: sum.js
    tools:
      - { name: write_file, arguments: '{"path":' }
      - { name: write_file, arguments: { path: sum.js, content: { $file: sum.js }, list: [{ $file: ./sum.js }] } }
`);
    const answer = await model.complete(at(), never);
    expect(answer.text).toBe('export const sum = 1;\n');
    expect(answer.toolCalls[0]?.arguments).toBe('{"path":');
    const content = 'export const sum = 1;\n';
    expect(JSON.parse(answer.toolCalls[1]?.arguments ?? '')).toEqual({ path: 'sum.js', content, list: [content] });
  });

  it('repeats a reply for every later call without its own', async () => {
    const model = await script(`
version: 1
replies:
  - { role: lead, call: 2, repeat: true, text: loop }
  - { role: lead, call: 4, text: own }
`);
    const textOf = async (call: number) => (await model.complete(at({ 'x-governor-call': String(call) }), never)).text;
    expect([await textOf(2), await textOf(3), await textOf(4), await textOf(99)]).toEqual(['loop', 'loop', 'own', 'loop']);
    await expect(textOf(1)).rejects.toMatchObject({ code: 'SCRIPT_MISS', facts: { role: 'lead', agent: 'lead', attempt: 1, call: 1 } });
  });

  it('ends a delay when it is aborted', async () => {
    const model = await script('{ version: 1, replies: [{ role: lead, delayMs: 60000, text: late }] }');
    const controller = new AbortController();
    const answer = model.complete(at(), controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(answer).rejects.toThrow('cancelled');
  });

  it.each([
    ['an unknown key', '{ version: 1, replies: [{ role: lead, txt: a }] }', 'txt'],
    ['two replies for one call', '{ version: 1, replies: [{ role: lead }, { role: lead }] }', 'two replies for role lead'],
    ['a worker without a name', '{ version: 1, replies: [{ role: worker }] }', 'must name its agent'],
    ['a missing file', '{ version: 1, replies: [{ role: lead, contentFile: none.txt }] }', 'none.txt'],
    ['a text twice', '{ version: 1, replies: [{ role: lead, text: a, contentFile: b }] }', 'either text or contentFile'],
    ['no YAML', '{', 'script.yaml'],
  ])('with %s is a usage error that names it', async (_name, text, part) => {
    await expect(script(text)).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(part) });
  });

  it('that is missing is a usage error', async () => {
    await expect(loadScript(join(folder, 'none.yaml'))).rejects.toMatchObject({ name: 'UsageError' });
  });
});
