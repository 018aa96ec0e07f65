/** A picture with a result, in every dialect: in the form that its documentation says, within the bound, and never where it is not seen. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Picture, PictureType } from '../../domain/picture.ts';
import type { ChatMessage } from '../../domain/ports.ts';
import { renderMessages } from '../../nodes/context.ts';
import { showsOf } from '../../nodes/pictures.ts';
import { toolSpecs } from '../../tools/toolbox.ts';
import { bodyAt, type DialectName, type DialectServer, startDialect } from '../dialects/server.ts';
import { gif, jpeg, png, webp } from '../fakes/pictures.ts';
import { askOnce, DIALECT_NAMES, modelOf, opening } from './dialect-world.ts';

const open: DialectServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const SIZES: readonly (readonly [number, number])[] = [
  [16, 16],
  [1024, 768],
  [3000, 2000],
  [64, 4000],
];
const FILES: Readonly<Record<PictureType, Buffer>> = {
  'image/png': png(1024, 768),
  'image/jpeg': jpeg(64, 48),
  'image/gif': gif(64, 48),
  'image/webp': webp(64, 48),
};
const pictureOf = (mediaType: PictureType, [width, height]: readonly [number, number] = [64, 48], file = FILES[mediaType]): Picture => ({
  mediaType,
  width,
  height,
  base64: file.toString('base64'),
});
const CALLS = ['a.png', 'b.png'].map((path, index) => ({
  id: `call${index}AAAA`,
  name: 'read_file',
  arguments: JSON.stringify({ path }),
}));

/** Two results, the second with a picture, as a request has them. */
const exchange = (picture: Picture): ChatMessage[] => [
  ...opening(),
  { role: 'assistant', content: 'I look.', toolCalls: CALLS },
  { role: 'tool', toolCallId: 'call0AAAA', toolName: 'read_file', content: 'a.txt' },
  { role: 'tool', toolCallId: 'call1AAAA', toolName: 'read_file', content: 'b.png: PNG image', picture },
];

async function ask(name: DialectName, messages: ChatMessage[], more: { vision?: boolean; model?: string; blind?: boolean } = {}) {
  const { vision = true, blind = false, model: named } = more;
  const server = await startDialect(name, { turns: () => ({ text: 'Seen.' }), blind, ...(named === undefined ? {} : { model: named }) });
  open.push(server);
  const model = await modelOf(name, server, { vision });
  const bound = model.countInput({ messages, tools: toolSpecs('lead') });
  const fault = await askOnce(model, messages, 1).then(
    () => undefined,
    (error: unknown) => error,
  );
  const request = server.requests.at(-1);
  return { model, bound, fault, request, rule: request?.rule };
}

const SEEING = DIALECT_NAMES.filter((name) => name !== 'deepseek');

describe.each(SEEING)('%s', (name) => {
  it.each(Object.keys(FILES) as PictureType[])('takes a result with a picture of %s, or says that it cannot be shown', async (type) => {
    const picture = pictureOf(type);
    const { model } = await ask(name, opening());
    const asked = model.sight?.(picture) === undefined ? undefined : await ask(name, exchange(picture));
    const refuses = (name === 'gemini' && type === 'image/gif') || (name === 'llamacpp' && type === 'image/webp');
    expect(asked === undefined).toBe(refuses);
    if (asked === undefined) return;
    expect(asked.fault).toBeUndefined();
    expect(asked.rule).toBeUndefined();
    expect(asked.request?.raw.split(picture.base64)).toHaveLength(2);
  });

  it.each(SIZES)('never bills more than the bound for one of %i x %i', async (width, height) => {
    const picture = pictureOf('image/png', [width, height], png(width, height));
    const { bound, request, fault } = await ask(name, exchange(picture));
    expect(fault).toBeUndefined();
    expect(request?.billed.input).toBeGreaterThan(0);
    expect(bound).toBeGreaterThanOrEqual(request?.billed.input ?? Number.NaN);
  });

  it('refuses one to a model that does not see, and such a model is given words', async () => {
    const picture = pictureOf('image/png');
    expect((await ask(name, exchange(picture), { blind: true })).rule).toBe(`${name}/picture-blind`);
    const { model } = await ask(name, opening(), { vision: false });
    expect(model.sight).toBeUndefined();
    const messages = renderMessages({ contract: 'c', goal: 'g', rows: rowsOf(exchange(picture)), shows: showsOf(model) });
    const asked = await ask(name, messages, { blind: true, vision: false });
    expect(asked.rule).toBeUndefined();
    expect(asked.request?.raw).not.toContain(picture.base64.slice(0, 40));
    expect(asked.request?.raw).toContain('the picture itself cannot be shown to you');
  });
});

const rowsOf = (messages: readonly ChatMessage[]) =>
  messages
    .slice(1)
    .map((message, index) => ({ id: String(index), parent: index === 0 ? null : String(index - 1), agent: 'lead', message }));

it('in chat completions the pictures follow the last result as one user message', async () => {
  const picture = pictureOf('image/png');
  const [system, user, answer, first, second] = exchange(picture);
  const messages = [system, user, answer, { ...first, picture }, second].filter((one) => one !== undefined) as ChatMessage[];
  const { request } = await ask('openai-chat', messages);
  const sent = bodyAt(request, 'messages') as { role: string; content: unknown }[];
  expect(sent.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'tool', 'user']);
  expect(sent[3]?.content).toBe('a.txt');
  const url = `data:image/png;base64,${picture.base64}`;
  expect(sent[5]?.content).toEqual([
    { type: 'text', text: 'The picture in the result of read_file (call call0AAAA):' },
    { type: 'image_url', image_url: { url, detail: 'high' } },
    { type: 'text', text: 'The picture in the result of read_file (call call1AAAA):' },
    { type: 'image_url', image_url: { url, detail: 'high' } },
  ]);
});

it.each(['mistral', 'vllm'] as const)('at %s, where no user message may follow, a picture stands in the result itself', async (name) => {
  const picture = pictureOf('image/png');
  const { request } = await ask(name, exchange(picture));
  const sent = bodyAt(request, 'messages') as { role: string; content: unknown }[];
  expect(sent.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'tool']);
  expect(sent[4]?.content).toEqual([
    { type: 'text', text: 'b.png: PNG image' },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${picture.base64}`, detail: 'high' } },
  ]);
});

it('Responses, Anthropic and Gemini hold it in the result, each in its own form', async () => {
  const picture = pictureOf('image/png');
  const { base64 } = picture;
  const responses = await ask('openai-responses', exchange(picture));
  const outputs = (bodyAt(responses.request, 'input') as { type?: string; output?: unknown }[]).filter((item) => item.output !== undefined);
  expect(outputs.map(({ output }) => output)).toEqual([
    'a.txt',
    [
      { type: 'input_text', text: 'b.png: PNG image' },
      { type: 'input_image', image_url: `data:image/png;base64,${base64}`, detail: 'high' },
    ],
  ]);
  const anthropic = await ask('anthropic', exchange(picture));
  const source = { type: 'base64', media_type: 'image/png', data: base64 };
  expect(bodyAt(anthropic.request, 'messages', 2, 'content', 1, 'content')).toEqual([
    { type: 'text', text: 'b.png: PNG image' },
    { type: 'image', source },
  ]);
  const part = { inlineData: { mimeType: 'image/png', data: base64 } };
  const gemini = await ask('gemini', exchange(picture));
  expect(bodyAt(gemini.request, 'contents', 2, 'parts', 1, 'functionResponse', 'parts')).toEqual([part]);
  const older = await ask('gemini', exchange(picture), { model: 'gemini-2.5-flash' });
  expect(older.rule).toBeUndefined();
  expect(bodyAt(older.request, 'contents', 2, 'parts', 2)).toEqual(part);
});

it('DeepSeek, whose contents are strings, has no sight, whatever is said', async () => {
  expect((await ask('deepseek', opening())).model.sight).toBeUndefined();
});
