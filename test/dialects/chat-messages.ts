/** What may be wrong with the messages of a chat completions request; a dialect's rules say what of it is refused. */
import { nameOffences } from './chat-checks.ts';
import { isObject, type Json, list, object, parse, string, textOf } from './json.ts';
import type { Offence } from './types.ts';

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];
const LONGEST_ID = 40;

export type MessageFields = Readonly<Record<string, ReadonlySet<string>>>;

export const MESSAGE_FIELDS: MessageFields = {
  system: new Set(['role', 'content', 'name']),
  developer: new Set(['role', 'content', 'name']),
  user: new Set(['role', 'content', 'name']),
  assistant: new Set(['role', 'content', 'name', 'refusal', 'audio', 'tool_calls', 'function_call', 'annotations']),
  tool: new Set(['role', 'content', 'tool_call_id']),
};

/** @param inTools whether a tool message may hold pictures. */
export function* messageOffences(body: Json, fields: MessageFields, inTools = false): Generator<Offence> {
  const messages = list(body['messages']).map(object);
  for (const [index, message] of messages.entries()) {
    const role = string(message['role']);
    const path = `messages[${index}]`;
    if (!ROLES.includes(role)) yield { rule: 'role-unknown', detail: { path: `${path}.role`, value: role, index } };
    if (role === 'developer') yield { rule: 'developer-role', detail: { path: `${path}.role`, value: role, index } };
    for (const [name, value] of Object.entries(message)) {
      if (fields[role] !== undefined && !fields[role].has(name))
        yield { rule: 'message-field', detail: { path: `${path}.${name}`, value: name, other: role, index } };
      if (value === null && name !== 'content' && name !== 'refusal')
        yield { rule: 'message-null', detail: { path: `${path}.${name}`, value: name, other: role, index } };
    }
    yield* contentOffences(message, path, { index, inTools });
    yield* callOffences(message, path, index);
  }
  yield* pairOffences(messages);
  yield* orderOffences(messages);
}

function* contentOffences(message: Json, path: string, { index, inTools }: { index: number; inTools: boolean }): Generator<Offence> {
  const { role, content } = message;
  const detail = { path: `${path}.content`, index, value: string(role) };
  const calls = message['tool_calls'];
  if (role === 'assistant') {
    const silent = content === undefined || content === null || content === '' || (Array.isArray(content) && content.length === 0);
    if (silent && list(calls).length === 0) yield { rule: 'assistant-empty', detail };
    if (Array.isArray(calls) && calls.length === 0) yield { rule: 'calls-empty', detail: { ...detail, path: `${path}.tool_calls` } };
    if (content === undefined && list(calls).length > 0) yield { rule: 'content-absent', detail };
  } else if (typeof content !== 'string' && !Array.isArray(content)) yield { rule: 'content-form', detail };
  else if (content.length === 0) yield { rule: 'content-empty', detail };
  if (Array.isArray(content)) yield { rule: 'content-list', detail };
  for (const [at, part] of Array.isArray(content) ? content.entries() : []) {
    const type = object(part)['type'];
    const inTool = role === 'tool' && inTools ? ['image_url'] : [];
    const known = role === 'user' ? ['text', 'image_url', 'input_audio', 'file'] : ['text', 'refusal', 'thinking', ...inTool];
    if (!known.includes(string(type)))
      yield { rule: 'part-type', detail: { ...detail, path: `${path}.content[${at}].type`, value: string(type) } };
    if (type === 'image_url' && !/^(?:data:|https:)/.test(string(object(object(part)['image_url'])['url'])))
      yield { rule: 'picture-form', detail: { ...detail, path: `${path}.content[${at}].image_url.url` } };
    if (type === 'text' && typeof object(part)['text'] !== 'string')
      yield { rule: 'part-type', detail: { ...detail, path: `${path}.content[${at}].text`, value: 'null' } };
  }
}

function* callOffences(message: Json, path: string, index: number): Generator<Offence> {
  const ids = new Set<string>();
  for (const [nth, raw] of list(message['tool_calls']).entries()) {
    const call = object(raw);
    const at = `${path}.tool_calls[${nth}]`;
    const id = string(call['id']);
    if (id === '') yield { rule: 'call-id-missing', detail: { path: `${at}.id`, index } };
    yield* idOffences(id, `${at}.id`);
    if (ids.has(id)) yield { rule: 'call-id-twice', detail: { path: `${at}.id`, value: id, index } };
    ids.add(id);
    if (call['type'] !== 'function') yield { rule: 'call-type', detail: { path: `${at}.type`, index } };
    const of = object(call['function']);
    yield* nameOffences(string(of['name']), `${at}.function.name`, 'call');
    const given = of['arguments'];
    const detail = { path: `${at}.function.arguments`, index, value: typeof given === 'string' ? given : JSON.stringify(given) };
    if (typeof given !== 'string') yield { rule: 'arguments-type', detail: { ...detail, other: given === null ? 'null' : typeof given } };
    else if (parse(given) === undefined) yield { rule: 'arguments-json', detail };
    else if (!isObject(parse(given))) yield { rule: 'arguments-object', detail };
  }
}

function* idOffences(id: string, path: string): Generator<Offence> {
  if (id.length > LONGEST_ID) yield { rule: 'call-id-long', detail: { path, value: id, count: id.length, limit: LONGEST_ID } };
  if (!/^[a-zA-Z0-9]{9}$/.test(id)) yield { rule: 'call-id-form', detail: { path, value: id } };
}

/** Every call has one answer directly after it, and no answer stands alone. */
function* pairOffences(messages: readonly Json[]): Generator<Offence> {
  let open = new Map<string, string>();
  let asked = -1;
  for (const [index, message] of messages.entries()) {
    const role = string(message['role']);
    if (role === 'tool') {
      const id = string(message['tool_call_id']);
      if (id === '') yield { rule: 'answer-id-missing', detail: { path: `messages[${index}].tool_call_id`, index } };
      if (asked < 0) yield { rule: 'answer-orphan', detail: { path: `messages[${index}].role`, value: id, index } };
      else if (!open.delete(id)) yield { rule: 'answer-unknown', detail: { path: `messages[${index}].tool_call_id`, value: id, index } };
      continue;
    }
    if (open.size > 0) yield unanswered(open, index, messages);
    const calls = list(message['tool_calls']).map(object);
    open = new Map(calls.map((call) => [string(call['id']), string(object(call['function'])['name'])]));
    asked = role === 'assistant' && calls.length > 0 ? index : -1;
  }
  if (open.size > 0) yield unanswered(open, messages.length, messages);
}

function unanswered(open: ReadonlyMap<string, string>, index: number, messages: readonly Json[]): Offence {
  return {
    rule: 'call-unanswered',
    detail: { path: `messages[${Math.min(index, messages.length - 1)}].role`, value: [...open.keys()].join(', '), index, count: open.size },
  };
}

function* orderOffences(messages: readonly Json[]): Generator<Offence> {
  let previous = '';
  let turns = 0;
  for (const [index, message] of messages.entries()) {
    const role = string(message['role']);
    const detail = { path: `messages[${index}].role`, value: role, other: previous, index };
    if (role === 'system' && index > 0) yield { rule: 'system-late', detail };
    if (role === 'user' && previous === 'tool') yield { rule: 'user-after-tool', detail };
    if (role === 'assistant' && previous === 'assistant') yield { rule: 'assistant-twice', detail };
    // The templates of Mistral and Gemma: tool messages and calls aside, user and assistant take turns.
    const counted = role === 'user' || (role === 'assistant' && list(message['tool_calls']).length === 0);
    if (counted && (role === 'user') !== (turns % 2 === 0)) yield { rule: 'roles-alternate', detail };
    if (counted) turns += 1;
    previous = role;
  }
  const last = messages.at(-1);
  if (last === undefined) return;
  const detail = { path: 'messages', value: string(last['role']), index: messages.length - 1 };
  if (last['role'] === 'assistant' && last['prefix'] !== true) yield { rule: 'last-assistant', detail };
  if (last['role'] === 'system') yield { rule: 'last-system', detail };
  if (!messages.some((message) => message['role'] === 'user')) yield { rule: 'no-user', detail };
}

/** What the answer's reasoning hangs on: the ids of its calls, or its text. */
export function reasoningKey(message: Json): string {
  const ids = list(message['tool_calls']).map((call) => string(object(call)['id']));
  return ids.length > 0 ? `calls ${ids.join(' ')}` : `text ${textOf(message['content'])}`;
}
