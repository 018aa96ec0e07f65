/** Anthropic's `/v1/messages`. */
import { isThinking, messageOffences, messagesOf, signatureKey, usesKey } from './anthropic-checks.ts';
import { ANTHROPIC_ERRORS, ANTHROPIC_RULES, anthropicError } from './anthropic-rules.ts';
import { wireUsage } from './chat-render.ts';
import { bodyOffences, pathOffences } from './envelope.ts';
import { blob, event, letters, pieces } from './ids.ts';
import { canonical, isObject, type Json, list, object, string } from './json.ts';
import { billedPictures, claudePicture, pictureOffences } from './pictures.ts';
import type { Answer, Context, Dialect, Incoming, Offence, Unit } from './types.ts';

/** Of `MessageCreateParamsBase` in the official client. */
const PARAMETERS = new Set(
  `max_tokens messages model cache_control container diagnostics inference_geo metadata output_config service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k top_p user_profile_id workspace_id`.split(
    ' ',
  ),
);
const TOOL_FIELDS = new Set(['type', 'name', 'description', 'input_schema', 'cache_control', 'strict', 'eager_input_streaming']);
const MARKS_MOST = 4;
const VERSIONS = ['2023-06-01', '2026-10-21'];

/** Gone in version 2026-10-21: https://platform.claude.com/docs/en/api/versioning */
function* removedOffences(body: Json): Generator<Offence> {
  for (const path of ['temperature', 'top_p', 'top_k']) if (path in body) yield { rule: 'sampling-removed', detail: { path } };
  for (const message of messagesOf(body))
    for (const [index, block] of message.blocks.entries()) {
      const path = `messages.${message.index}.content.${index}`;
      if (message.role === 'assistant' && block['type'] === 'document')
        yield { rule: 'block-role', detail: { path, value: 'document', other: 'assistant' } };
      if (message.role === 'user' && list(block['citations']).length > 0)
        yield { rule: 'citations-removed', detail: { path: `${path}.text.citations` } };
    }
}

/** In `x-api-key`, or since the client's version 1 as a bearer token: https://platform.claude.com/docs/en/manage-claude/authentication */
function* keyOffences(incoming: Incoming, context: Context): Generator<Offence> {
  const { 'x-api-key': own, authorization } = incoming.headers;
  const given = own ?? (authorization?.startsWith('Bearer ') === true ? authorization.slice('Bearer '.length) : undefined);
  if (given === undefined) yield { rule: 'key-missing', detail: {} };
  else if (given !== context.apiKey) yield { rule: 'key-wrong', detail: {} };
}

function* parameterOffences(body: Json, context: Context): Generator<Offence> {
  for (const name of Object.keys(body)) if (!PARAMETERS.has(name)) yield { rule: 'unknown-parameter', detail: { path: name } };
  if (typeof body['model'] !== 'string' || body['model'] === '') yield { rule: 'model-missing', detail: {} };
  else if (body['model'] !== context.model) yield { rule: 'model-unknown', detail: { value: body['model'] } };
  const limit = body['max_tokens'];
  if (limit === undefined) yield { rule: 'limit-missing', detail: {} };
  else if (!Number.isInteger(limit) || Number(limit) < 1) yield { rule: 'limit-form', detail: {} };
  if (list(body['messages']).length === 0) yield { rule: 'messages-empty', detail: {} };
  const temperature = body['temperature'];
  if (temperature !== undefined && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 1))
    yield { rule: 'temperature-form', detail: {} };
  if (temperature !== undefined && body['top_p'] !== undefined) yield { rule: 'sampling-both', detail: {} };
  const system = body['system'];
  if (system !== undefined && typeof system !== 'string' && !Array.isArray(system)) yield { rule: 'system-form', detail: {} };
  for (const block of list(system).map(object)) if (string(block['text']) === '') yield { rule: 'system-empty', detail: {} };
  yield* thinkingParameters(body);
  const marks = countMarks(body);
  if (marks > MARKS_MOST) yield { rule: 'marks-many', detail: { count: marks } };
}

function* thinkingParameters(body: Json): Generator<Offence> {
  const thinking = object(body['thinking']);
  if (thinking['type'] !== 'enabled' && thinking['type'] !== 'adaptive') return;
  const budget = Number(thinking['budget_tokens']);
  if (thinking['type'] === 'enabled' && !(budget >= 1024)) yield { rule: 'budget-small', detail: {} };
  if (thinking['type'] === 'enabled' && budget >= Number(body['max_tokens'])) yield { rule: 'budget-limit', detail: {} };
  if (body['temperature'] !== undefined && body['temperature'] !== 1) yield { rule: 'thinking-temperature', detail: {} };
  const choice = object(body['tool_choice'])['type'];
  if (choice === 'any' || choice === 'tool') yield { rule: 'thinking-choice', detail: {} };
}

function* toolOffences(body: Json): Generator<Offence> {
  const names = new Set<string>();
  for (const [index, raw] of list(body['tools']).entries()) {
    const tool = object(raw);
    const path = `tools.${index}.custom`;
    const name = string(tool['name']);
    for (const field of Object.keys(tool)) if (!TOOL_FIELDS.has(field)) yield { rule: 'tool-field', detail: { path: `${path}.${field}` } };
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) yield { rule: 'tool-name', detail: { path: `${path}.name` } };
    if (names.has(name)) yield { rule: 'tool-twice', detail: {} };
    names.add(name);
    const schema = tool['input_schema'];
    if (!isObject(schema)) yield { rule: 'schema-missing', detail: { path: `${path}.input_schema` } };
    else if (schema['type'] !== 'object') yield { rule: 'schema-object', detail: { path: `${path}.input_schema.type` } };
    for (const key of ['oneOf', 'allOf', 'anyOf'])
      if (object(schema)[key] !== undefined) yield { rule: 'schema-union', detail: { path: `${path}.input_schema` } };
    for (const key of Object.keys(object(object(schema)['properties'])))
      if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(key)) yield { rule: 'schema-keys', detail: { path: `${path}.input_schema.properties` } };
  }
  const choice = body['tool_choice'];
  if (choice !== undefined && !isObject(choice)) yield { rule: 'choice-form', detail: {} };
  if (choice !== undefined && names.size === 0) yield { rule: 'choice-without-tools', detail: {} };
  const used = messagesOf(body).some((message) => message.blocks.some((block) => block['type'] === 'tool_use'));
  if (used && names.size === 0) yield { rule: 'tools-for-history', detail: {} };
}

const marked = (value: unknown): boolean => object(value)['cache_control'] !== undefined && object(value)['cache_control'] !== null;

function countMarks(body: Json): number {
  const blocks = messagesOf(body).flatMap((message) => [...message.blocks]);
  const inner = blocks.flatMap((block) => [...list(block['content'])]);
  const all = [body, ...list(body['tools']), ...list(body['system']), ...blocks, ...inner];
  return all.filter(marked).length;
}

/** Tools, system and messages, in the order in which they are cached. */
function units(body: Json): readonly Unit[] {
  const system = body['system'];
  const parts: Unit[] = [];
  for (const tool of list(body['tools'])) parts.push({ text: bare(tool), mark: marked(tool) });
  if (typeof system === 'string') parts.push({ text: system });
  for (const block of list(system)) parts.push({ text: string(object(block)['text']), mark: marked(block) });
  for (const message of messagesOf(object(billedPictures(body, claudePicture))))
    parts.push({
      text: [message.role, ...message.blocks.map(bare)].join('\n'),
      mark: message.blocks.some(marked) || (marked(body) && message.index === list(body['messages']).length - 1),
    });
  return parts;
}

/** A block's words, whatever its mark. */
function bare(value: unknown): string {
  const { cache_control: _mark, ...rest } = object(value);
  return canonical(rest);
}

function contentOf(answer: Answer): Json[] {
  const content: Json[] = [];
  const signature = blob(`thinking ${answer.nth}`);
  if (answer.reasoning !== '')
    content.push(
      answer.context.options.redacted === true
        ? { type: 'redacted_thinking', data: signature }
        : { type: 'thinking', thinking: answer.reasoning, signature },
    );
  if (answer.text !== '') content.push({ type: 'text', text: answer.text });
  for (const call of answer.calls)
    content.push({
      type: 'tool_use',
      id: call.id,
      name: call.name,
      input: answer.end === 'length' && !isObject(call.value) ? {} : call.value,
    });
  for (const block of content.filter(isThinking)) answer.context.issued.set(signatureKey(block), canonical(block));
  if (answer.calls.length > 0 && answer.reasoning !== '')
    answer.context.issued.set(usesKey(content), canonical(content.filter(isThinking)));
  return content;
}

const STOPS: Readonly<Record<Answer['end'], string>> = {
  stop: 'end_turn',
  calls: 'tool_use',
  length: 'max_tokens',
  filter: 'refusal',
  refusal: 'refusal',
  error: 'end_turn',
  malformed: 'end_turn',
};

function usageOf({ counts }: Answer): Json {
  return {
    input_tokens: counts.input - counts.cached - counts.written,
    cache_creation_input_tokens: counts.written,
    cache_read_input_tokens: counts.cached,
    cache_creation: { ephemeral_5m_input_tokens: counts.written, ephemeral_1h_input_tokens: 0 },
    output_tokens: counts.text + counts.reasoning,
    service_tier: 'standard',
  };
}

function whole(answer: Answer): Json {
  const usage = wireUsage(answer, usageOf(answer));
  return {
    id: `msg_01${letters(`message ${answer.nth}`, 22)}`,
    type: 'message',
    role: 'assistant',
    model: answer.context.model,
    content: contentOf(answer),
    stop_reason: answer.finish ?? STOPS[answer.end],
    stop_sequence: null,
    ...(usage === undefined ? {} : { usage }),
  };
}

function stream(answer: Answer): readonly string[] {
  const message = whole(answer);
  const usage = message['usage'];
  const send = (type: string, more: Json): string => event({ type, ...more }, type);
  const started = isObject(usage) ? { usage: { ...usage, output_tokens: 1 } } : {};
  const wires = answer.calls.map((call) => call.wire);
  const out = [send('message_start', { message: { ...message, content: [], stop_reason: null, ...started } })];
  for (const [index, block] of list(message['content']).map(object).entries()) {
    const delta = (more: Json): string => send('content_block_delta', { index, delta: more });
    out.push(send('content_block_start', { index, content_block: opened(block) }));
    if (index === 0) out.push(send('ping', {}));
    if (block['type'] === 'text') out.push(...pieces(string(block['text'])).map((text) => delta({ type: 'text_delta', text })));
    if (block['type'] === 'thinking') {
      out.push(...pieces(string(block['thinking'])).map((thinking) => delta({ type: 'thinking_delta', thinking })));
      out.push(delta({ type: 'signature_delta', signature: block['signature'] }));
    }
    if (block['type'] === 'tool_use') {
      const wire = wires.shift();
      out.push(delta({ type: 'input_json_delta', partial_json: '' }));
      const text = typeof wire === 'string' ? wire : JSON.stringify(wire);
      out.push(...pieces(text, 4).map((part) => delta({ type: 'input_json_delta', partial_json: part })));
    }
    out.push(send('content_block_stop', { index }));
  }
  const ended = isObject(usage) ? { usage: { output_tokens: usage['output_tokens'] } } : {};
  out.push(
    send('message_delta', { delta: { stop_reason: message['stop_reason'], stop_sequence: null }, ...ended }),
    send('message_stop', {}),
  );
  return out;
}

function opened(block: Json): Json {
  if (block['type'] === 'text') return { type: 'text', text: '' };
  if (block['type'] === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  if (block['type'] === 'tool_use') return { ...block, input: {} };
  return block;
}

export const anthropic: Dialect = {
  name: 'anthropic',
  base: () => '',
  defaultModel: () => 'claude-sonnet-4-6',
  rules: ANTHROPIC_RULES,
  caching: 'marks',
  errors: ANTHROPIC_ERRORS,
  streamError: event(anthropicError('overloaded_error', 'Overloaded'), 'error'),
  without: ['tool-use-failed', 'finish-error', 'arguments-object', 'thinking-outside'],
  streamed: (incoming) => incoming.body?.['stream'] === true,
  *offences(incoming, context, input) {
    yield* pathOffences(incoming, ['/v1/messages']);
    yield* keyOffences(incoming, context);
    const version = incoming.headers['anthropic-version'];
    if (version === undefined) yield { rule: 'version-missing', detail: {} };
    else if (!VERSIONS.includes(version)) yield { rule: 'version-unknown', detail: { value: version } };
    yield* bodyOffences(incoming);
    const body = incoming.body;
    if (body === undefined) return;
    if (version === '2026-10-21') yield* removedOffences(body);
    yield* parameterOffences(body, context);
    yield* toolOffences(body);
    yield* messageOffences(body, context);
    // 5 MB each (https://platform.claude.com/docs/en/build-with-claude/vision).
    yield* pictureOffences(body, context, { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 5_242_880 });
    const detail = { count: input, index: Number(body['max_tokens']), limit: context.windowTokens };
    if (detail.count > detail.limit) yield { rule: 'context', detail };
    if (detail.count + detail.index > detail.limit) yield { rule: 'context-output', detail };
  },
  units,
  quiet: (body) => object(body['thinking'])['type'] === 'disabled',
  whole,
  stream,
};
