/** What may be wrong with the blocks of an Anthropic request: order, pairs, thinking, empty text. */
import { canonical, isObject, type Json, list, object, string } from './json.ts';
import type { Context, Offence } from './types.ts';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const ID = /^[a-zA-Z0-9_-]+$/;

const FIELDS: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(['type', 'text', 'cache_control', 'citations']),
  image: new Set(['type', 'source', 'cache_control']),
  document: new Set(['type', 'source', 'title', 'context', 'citations', 'cache_control']),
  tool_use: new Set(['type', 'id', 'name', 'input', 'cache_control', 'caller']),
  tool_result: new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control']),
  thinking: new Set(['type', 'thinking', 'signature']),
  redacted_thinking: new Set(['type', 'data']),
};

export const isThinking = (block: Json): boolean => block['type'] === 'thinking' || block['type'] === 'redacted_thinking';

export interface Message {
  readonly role: string;
  readonly index: number;
  readonly blocks: readonly Json[];
  readonly text: string | undefined;
}

export function messagesOf(body: Json): readonly Message[] {
  return list(body['messages']).map((raw, index) => {
    const { role, content } = object(raw);
    return typeof content === 'string'
      ? { role: string(role), index, blocks: content === '' ? [] : [{ type: 'text', text: content }], text: content }
      : { role: string(role), index, blocks: list(content).map(object), text: undefined };
  });
}

export function* messageOffences(body: Json, context: Context): Generator<Offence> {
  const messages = messagesOf(body);
  const last = messages.at(-1);
  if (messages[0] !== undefined && messages[0].role !== 'user') yield { rule: 'first-role', detail: {} };
  for (const message of messages) {
    const path = `messages.${message.index}`;
    if (message.role === 'system') yield { rule: 'role-system', detail: { path } };
    else if (message.role !== 'user' && message.role !== 'assistant') yield { rule: 'role-unknown', detail: { path: `${path}.role` } };
    if (message.blocks.length === 0 && !(message === last && message.role === 'assistant'))
      yield { rule: 'content-empty', detail: { path, value: message.role } };
    for (const [index, block] of message.blocks.entries()) yield* blockOffences(block, `${path}.content.${index}`, message.role);
  }
  yield* pairOffences(merged(messages));
  yield* endOffences(last);
  yield* thinkingOffences(body, messages, context);
}

/** Consecutive messages of one role are one turn to the endpoint. */
function merged(messages: readonly Message[]): readonly Message[] {
  const turns: Message[] = [];
  for (const message of messages) {
    const previous = turns.at(-1);
    if (previous?.role === message.role) turns[turns.length - 1] = { ...previous, blocks: [...previous.blocks, ...message.blocks] };
    else turns.push(message);
  }
  return turns;
}

function* blockOffences(block: Json, path: string, role: string): Generator<Offence> {
  const type = string(block['type']);
  const fields = FIELDS[type];
  if (fields === undefined) {
    yield { rule: 'block-type', detail: { path, value: type } };
    return;
  }
  for (const name of Object.keys(block)) if (!fields.has(name)) yield { rule: 'block-field', detail: { path: `${path}.${type}.${name}` } };
  if (type === 'text') yield* textOffences(block, path);
  if (type === 'image') yield* imageOffences(block, path);
  if (type === 'tool_use') {
    if (role !== 'assistant') yield { rule: 'block-role', detail: { path, value: type, other: role } };
    if (!ID.test(string(block['id']))) yield { rule: 'use-id', detail: { path: `${path}.tool_use.id` } };
    if (!NAME.test(string(block['name']))) yield { rule: 'use-name', detail: { path: `${path}.tool_use.name` } };
    if (!isObject(block['input'])) yield { rule: 'use-input', detail: { path: `${path}.tool_use.input` } };
  }
  if (type === 'tool_result') {
    if (role !== 'user') yield { rule: 'block-role', detail: { path, value: type, other: role } };
    const { content } = block;
    const empty = content === undefined || content === '' || (Array.isArray(content) && content.length === 0);
    if (block['is_error'] === true && empty) yield { rule: 'error-empty', detail: { path: `${path}.tool_result` } };
    for (const inner of list(content).map(object)) {
      if (inner['type'] === 'text') yield* textOffences(inner, path);
      else if (inner['type'] === 'image') yield* imageOffences(inner, `${path}.tool_result.content`);
      else yield { rule: 'result-part', detail: { path: `${path}.tool_result.content`, value: string(inner['type']) } };
    }
    if (content !== undefined && typeof content !== 'string' && !Array.isArray(content))
      yield { rule: 'result-content', detail: { path: `${path}.tool_result.content` } };
  }
}

function* imageOffences(block: Json, path: string): Generator<Offence> {
  const source = object(block['source']);
  const isWhole = source['type'] === 'base64' && typeof source['data'] === 'string' && typeof source['media_type'] === 'string';
  if (!isWhole) yield { rule: 'picture-form', detail: { path: `${path}.image.source` } };
}

function* textOffences(block: Json, path: string): Generator<Offence> {
  const text = string(block['text']);
  if (text === '' && block['cache_control'] !== undefined) yield { rule: 'cache-empty', detail: { path: `${path}.text` } };
  if (text === '') yield { rule: 'text-empty', detail: { path } };
  else if (text.trim() === '') yield { rule: 'text-blank', detail: { path } };
}

/** Each use is answered once, at the very start of the next turn. */
function* pairOffences(turns: readonly Message[]): Generator<Offence> {
  const seen = new Set<string>();
  let open: readonly string[] = [];
  for (const [position, turn] of turns.entries()) {
    const results = turn.blocks.filter((block) => block['type'] === 'tool_result').map((block) => string(block['tool_use_id']));
    const leading = turn.blocks.slice(0, results.length);
    for (const [index, block] of turn.blocks.entries()) {
      const id = string(block['tool_use_id']);
      if (block['type'] !== 'tool_result') continue;
      if (!open.includes(id)) yield { rule: 'result-unknown', detail: { path: `messages.${turn.index}.content.${index}`, value: id } };
      if (results.filter((other) => other === id).length > 1)
        yield { rule: 'result-twice', detail: { path: `messages.${turn.index}.content.${index}`, value: id } };
    }
    const missing = open.filter((id) => !results.includes(id));
    const late = open.length > 0 && leading.some((block) => block['type'] !== 'tool_result');
    if (missing.length > 0 || late)
      yield { rule: 'use-unanswered', detail: { path: `messages.${turn.index - 1}`, value: (late ? open : missing).join(', ') } };
    open = turn.blocks.filter((block) => block['type'] === 'tool_use').map((block) => string(block['id']));
    for (const [index, id] of open.entries()) {
      if (seen.has(id)) yield { rule: 'use-id-twice', detail: { path: `messages.${turn.index}.content.${index}`, value: id } };
      seen.add(id);
    }
    if (position === turns.length - 1 && open.length > 0)
      yield { rule: 'use-unanswered', detail: { path: `messages.${turn.index}`, value: open.join(', ') } };
  }
}

function* endOffences(last: Message | undefined): Generator<Offence> {
  if (last?.role !== 'assistant') return;
  const text = string(last.blocks.at(-1)?.['text']);
  if (text !== text.trimEnd()) yield { rule: 'trailing-space', detail: {} };
  yield { rule: 'prefill', detail: {} };
}

/** Thinks unless told not to, when the server is one that reasons. */
export function thinks(body: Json, context: Context): boolean {
  const type = object(body['thinking'])['type'];
  return type === 'enabled' || type === 'adaptive' || (context.options.reasoning === true && type !== 'disabled');
}

export const usesKey = (blocks: readonly Json[]): string =>
  `uses ${blocks.flatMap((block) => (block['type'] === 'tool_use' ? [string(block['id'])] : [])).join(' ')}`;
export const signatureKey = (block: Json): string => `signature ${string(block['signature'] ?? block['data'])}`;

function* thinkingOffences(body: Json, messages: readonly Message[], context: Context): Generator<Offence> {
  const latest = messages.findLast((message) => message.role === 'assistant');
  for (const message of messages)
    for (const [index, block] of message.blocks.entries()) {
      if (!isThinking(block)) continue;
      const path = `messages.${message.index}.content.${index}`;
      if (block['type'] === 'thinking' && typeof block['signature'] !== 'string')
        yield { rule: 'signature-missing', detail: { path: `${path}.thinking.signature` } };
      const issued = context.issued.get(signatureKey(block));
      if (issued === undefined) yield { rule: 'signature-invalid', detail: { path, value: string(block['type']) } };
      else if (issued !== canonical(block))
        yield { rule: message === latest ? 'thinking-changed' : 'signature-invalid', detail: { path, value: 'thinking' } };
    }
  if (latest === undefined || !thinks(body, context)) return;
  const path = `messages.${latest.index}.content.0`;
  const first = latest.blocks[0];
  const uses = latest.blocks.some((block) => block['type'] === 'tool_use');
  const kept = context.issued.get(usesKey(latest.blocks));
  // Adaptive thinking takes turns that did not begin with a thought, but not one whose thoughts were left out.
  // https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
  const thought = object(body['thinking'])['type'] === 'enabled' || (kept !== undefined && kept !== canonical([]));
  if (uses && thought && first !== undefined && !isThinking(first))
    yield { rule: 'thinking-first', detail: { path: `${path}.type`, value: string(first['type']) } };
  if (uses && kept !== undefined && kept !== canonical(latest.blocks.filter(isThinking)))
    yield { rule: 'thinking-changed', detail: { path } };
}
