/** What may be wrong with the input items of a Responses request: their shape, their ids, their pairs. */
import { nameOffences } from './chat-checks.ts';
import { canonical, type Json, list, object, string } from './json.ts';
import type { Context, Offence } from './types.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const FIELDS: Readonly<Record<string, ReadonlySet<string>>> = {
  message: words('type id role content status phase'),
  function_call: words('type id call_id name arguments status namespace caller'),
  function_call_output: words('type id call_id output status'),
  reasoning: words('type id summary content encrypted_content status'),
  item_reference: words('type id'),
};
const PREFIX: Readonly<Record<string, string>> = { message: 'msg', function_call: 'fc', reasoning: 'rs' };
const LONGEST_CALL_ID = 64;

export const itemKey = (id: unknown): string => `item ${string(id)}`;
export const contentKey = (id: unknown): string => `encrypted ${string(id)}`;
export const needsKey = (callId: unknown): string => `needs ${string(callId)}`;
export const responseKey = (id: unknown): string => `response ${string(id)}`;

const typeOf = (item: Json): string => (item['type'] === undefined && item['role'] !== undefined ? 'message' : string(item['type']));

export function itemsOf(body: Json): readonly Json[] {
  const { input } = body;
  return typeof input === 'string' ? [{ role: 'user', content: input }] : list(input).map(object);
}

export function* itemOffences(body: Json, context: Context): Generator<Offence> {
  const items = itemsOf(body);
  for (const [index, item] of items.entries()) {
    const path = `input[${index}]`;
    const type = typeOf(item);
    const fields = FIELDS[type];
    if (fields === undefined) {
      yield { rule: 'item-type', detail: { path, value: type } };
      continue;
    }
    for (const name of Object.keys(item)) if (!fields.has(name)) yield { rule: 'item-field', detail: { path: `${path}.${name}` } };
    const id = item['id'];
    const prefix = PREFIX[type];
    if (id !== undefined && prefix !== undefined && !string(id).startsWith(prefix))
      yield { rule: 'item-id', detail: { path: `${path}.id`, value: string(id), other: prefix } };
    if (type === 'message') yield* messageOffences(item, path);
    if (type === 'function_call') yield* callOffences(item, path);
    if (type === 'function_call_output') yield* outputOffences(item, path);
    if (type === 'item_reference' && context.issued.get(itemKey(id)) !== 'stored')
      yield { rule: 'item-not-found', detail: { value: string(id) } };
  }
  yield* pairOffences(body, items, context);
  yield* reasoningOffences(items, context);
}

function* messageOffences(item: Json, path: string): Generator<Offence> {
  const { role, content } = item;
  if (!['user', 'assistant', 'system', 'developer'].includes(string(role)))
    yield { rule: 'role-unknown', detail: { path: `${path}.role`, value: string(role) } };
  if (typeof content !== 'string' && !Array.isArray(content)) yield { rule: 'content-form', detail: { path: `${path}.content` } };
  const known = role === 'assistant' ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file'];
  yield* imageOffences(content, `${path}.content`);
  for (const [index, part] of list(content).map(object).entries())
    if (!known.includes(string(part['type'])))
      yield { rule: 'part-type', detail: { path: `${path}.content[${index}]`, value: string(part['type']), other: known.join("', '") } };
}

function* callIdOffences(item: Json, path: string): Generator<Offence> {
  const id = string(item['call_id']);
  if (id === '') yield { rule: 'call-id-missing', detail: { path: `${path}.call_id` } };
  if (id.length > LONGEST_CALL_ID)
    yield { rule: 'call-id-long', detail: { path: `${path}.call_id`, value: id, count: id.length, limit: LONGEST_CALL_ID } };
}

function* callOffences(item: Json, path: string): Generator<Offence> {
  yield* callIdOffences(item, path);
  yield* nameOffences(string(item['name']), `${path}.name`, 'call');
  const given = item['arguments'];
  if (typeof given !== 'string')
    yield { rule: 'arguments-type', detail: { path: `${path}.arguments`, other: given === null ? 'null' : typeof given } };
}

function* outputOffences(item: Json, path: string): Generator<Offence> {
  yield* callIdOffences(item, path);
  const { output } = item;
  if (typeof output !== 'string' && !Array.isArray(output)) yield { rule: 'output-form', detail: { path: `${path}.output` } };
  yield* imageOffences(output, `${path}.output`);
  for (const [index, part] of list(output).map(object).entries())
    if (!['input_text', 'input_image', 'input_file'].includes(string(part['type'])))
      yield { rule: 'output-part', detail: { path: `${path}.output[${index}]`, value: string(part['type']) } };
}

function* imageOffences(content: unknown, path: string): Generator<Offence> {
  for (const [index, part] of list(content).map(object).entries())
    if (part['type'] === 'input_image' && !/^(?:data:|https:)/.test(string(part['image_url'])) && typeof part['file_id'] !== 'string')
      yield { rule: 'picture-form', detail: { path: `${path}[${index}].image_url` } };
}

function* pairOffences(body: Json, items: readonly Json[], context: Context): Generator<Offence> {
  const before = body['previous_response_id'];
  const earlier = before === undefined || before === null ? undefined : context.issued.get(responseKey(before));
  if (before !== undefined && before !== null && earlier === undefined)
    yield { rule: 'previous-unknown', detail: { value: string(before) } };
  const open = new Set(earlier === undefined || earlier === '' ? [] : earlier.split(' '));
  const seen = new Set(open);
  for (const item of items) {
    const id = string(item['call_id']);
    if (item['type'] === 'function_call') {
      if (seen.has(id)) yield { rule: 'call-id-twice', detail: { value: id } };
      seen.add(id);
      open.add(id);
    }
    if (item['type'] === 'function_call_output' && !open.delete(id)) yield { rule: 'output-orphan', detail: { value: id } };
  }
  const [first] = open;
  if (first !== undefined) yield { rule: 'call-unanswered', detail: { value: first } };
}

/** What was thought stands directly before what it led to; one without the other is refused. */
function* reasoningOffences(items: readonly Json[], context: Context): Generator<Offence> {
  let thought: string | undefined;
  for (const [index, item] of items.entries()) {
    const type = typeOf(item);
    if (type === 'reasoning') {
      yield* encryptedOffences(item, context);
      const next = items[index + 1];
      const follows =
        next !== undefined && (typeOf(next) === 'function_call' || typeOf(next) === 'reasoning' || next['role'] === 'assistant');
      if (!follows) yield { rule: 'reasoning-alone', detail: { value: string(item['id']) } };
      thought = string(item['id']);
      continue;
    }
    const needed = context.issued.get(needsKey(item['call_id']));
    if (type === 'function_call' && needed !== undefined && thought !== needed)
      yield { rule: 'reasoning-missing', detail: { value: string(item['id'] ?? item['call_id']), other: needed } };
    if (type !== 'function_call' && item['role'] !== 'assistant') thought = undefined;
  }
}

function* encryptedOffences(item: Json, context: Context): Generator<Offence> {
  const id = item['id'];
  const given = item['encrypted_content'];
  if (!Array.isArray(item['summary'])) yield { rule: 'summary-missing', detail: { path: 'summary' } };
  if (given === undefined || given === null) {
    if (context.issued.get(itemKey(id)) !== 'stored') yield { rule: 'item-not-found', detail: { value: string(id) } };
  } else if (context.issued.get(contentKey(given)) !== canonical(id ?? null))
    if (id !== undefined || !context.issued.has(contentKey(given)))
      // An item without its id is taken; one under another's id is not.
      yield { rule: 'encrypted-invalid', detail: { value: string(id) } };
}
