/** What may be wrong with the parameters and tools of a chat completions request; a dialect's rules say what of it is refused. */
import { isObject, type Json, list, object, string } from './json.ts';
import type { Context, Offence } from './types.ts';

const TOOL_NAME = /^[a-zA-Z0-9_-]+$/;
const LONGEST_NAME = 64;

/** Reasons before it answers: by the server's option or by the family's name. */
export function isReasoningModel(context: Context): boolean {
  return context.options.reasoning === true || /^(o\d|gpt-5)/.test(context.model);
}

export function* parameterOffences(body: Json, context: Context, parameters: ReadonlySet<string>): Generator<Offence> {
  for (const name of Object.keys(body)) if (!parameters.has(name)) yield { rule: 'unknown-parameter', detail: { path: name } };
  if (typeof body['model'] !== 'string' || body['model'] === '') yield { rule: 'model-missing', detail: { path: 'model' } };
  else if (body['model'] !== context.model) yield { rule: 'model-unknown', detail: { path: 'model', value: body['model'] } };
  if (!Array.isArray(body['messages']) || body['messages'].length === 0) yield { rule: 'messages-empty', detail: { path: 'messages' } };
  yield* limitOffences(body, context);
  if (body['stream_options'] !== undefined && body['stream'] !== true) yield { rule: 'stream-options', detail: { path: 'stream_options' } };
  yield* valueOffences(body);
}

function* limitOffences(body: Json, context: Context): Generator<Offence> {
  for (const path of ['max_tokens', 'max_completion_tokens']) {
    const value = body[path];
    if (value !== undefined && value !== null && !(Number.isInteger(value) && Number(value) >= 1))
      yield { rule: 'limit-form', detail: { path, value: JSON.stringify(value) } };
  }
  if ('max_tokens' in body && 'max_completion_tokens' in body) yield { rule: 'limit-twice', detail: { path: 'max_tokens' } };
  const tools = list(body['tools']).length > 0;
  const effort = body['reasoning_effort'];
  if (isReasoningModel(context)) {
    if ('max_tokens' in body) yield { rule: 'max-tokens-unsupported', detail: { path: 'max_tokens' } };
    const temperature = body['temperature'];
    if (temperature !== undefined && temperature !== 1 && effort !== 'none')
      yield { rule: 'temperature-unsupported', detail: { path: 'temperature', value: JSON.stringify(temperature) } };
  } else if (effort !== undefined) yield { rule: 'effort-unsupported', detail: { path: 'reasoning_effort', value: context.model } };
  const minor = Number(/^gpt-5\.(\d)/.exec(context.model)?.[1] ?? 0);
  // From 5.6 on an effort is the default, so its absence is refused too.
  if (tools && minor >= 4 && effort !== 'none' && (effort !== undefined || minor >= 6))
    yield { rule: 'effort-with-tools', detail: { path: 'reasoning_effort', value: context.model } };
}

function* valueOffences(body: Json): Generator<Offence> {
  const temperature = body['temperature'];
  if (temperature !== undefined && temperature !== null && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 2))
    yield { rule: 'temperature-form', detail: { path: 'temperature', value: JSON.stringify(temperature) } };
  for (const [name, value] of Object.entries(body)) if (value === null) yield { rule: 'null-parameter', detail: { path: name } };
  if (body['n'] !== undefined && body['n'] !== 1) yield { rule: 'several-choices', detail: { path: 'n' } };
  for (const path of ['logprobs', 'top_logprobs', 'logit_bias']) if (path in body) yield { rule: 'logprobs', detail: { path } };
}

export function* toolOffences(body: Json): Generator<Offence> {
  const tools = body['tools'];
  if (tools === undefined || list(tools).length === 0) {
    if (tools !== undefined) yield { rule: 'tools-empty', detail: { path: 'tools' } };
    if (body['tool_choice'] !== undefined) yield { rule: 'choice-without-tools', detail: { path: 'tool_choice' } };
    if (body['parallel_tool_calls'] !== undefined) yield { rule: 'parallel-without-tools', detail: { path: 'parallel_tool_calls' } };
  }
  const names = new Set<string>();
  for (const [index, tool] of list(tools).entries()) {
    const of = object(object(tool)['function']);
    const name = string(of['name']);
    if (object(tool)['type'] !== 'function') yield { rule: 'tool-type', detail: { path: `tools[${index}].type`, value: name } };
    yield* nameOffences(name, `tools[${index}].function.name`, 'tool');
    if (names.has(name)) yield { rule: 'tool-twice', detail: { path: `tools[${index}].function.name`, value: name } };
    names.add(name);
    const description = of['description'];
    if (description !== undefined && typeof description !== 'string')
      yield { rule: 'tool-description', detail: { path: `tools[${index}].function.description` } };
    if (of['parameters'] !== undefined) yield* schemaOffences(of['parameters'], { path: `tools[${index}].function.parameters`, name });
  }
  const choice = object(object(body['tool_choice'])['function'])['name'];
  if (choice !== undefined && !names.has(string(choice)))
    yield { rule: 'choice-unknown', detail: { path: 'tool_choice', value: string(choice) } };
}

/** Of a tool or of a call in the history. */
export function* nameOffences(name: string, path: string, kind: 'tool' | 'call'): Generator<Offence> {
  if (!TOOL_NAME.test(name)) yield { rule: `${kind}-name`, detail: { path, value: name } };
  if (name.length > LONGEST_NAME)
    yield { rule: `${kind}-name-long`, detail: { path, value: name, count: name.length, limit: LONGEST_NAME } };
}

/** What converters of schemas stumble over; the parameters themselves must be an object. */
function* schemaOffences(schema: unknown, where: { readonly path: string; readonly name: string }): Generator<Offence> {
  const type = object(schema)['type'];
  if (!isObject(schema) || type !== 'object')
    yield { rule: 'parameters-object', detail: { path: where.path, value: where.name, other: typeof type === 'string' ? type : 'None' } };
  for (const { node, path } of walkSchema(schema, '')) {
    const detail = { path: `${where.path}${path}`, value: where.name };
    if (node['type'] === 'array' && node['items'] === undefined && node['prefixItems'] === undefined)
      yield { rule: 'array-items', detail: { ...detail, other: path } };
    const pattern = node['pattern'];
    if (typeof pattern === 'string' && !(pattern.startsWith('^') && pattern.endsWith('$')))
      yield { rule: 'pattern-anchors', detail: { ...detail, other: pattern } };
    if (typeof pattern === 'string' && /\\[dDwWsSbB]|\(\?/.test(pattern))
      yield { rule: 'pattern-syntax', detail: { ...detail, other: pattern } };
    for (const key of ['maxLength', 'minLength', 'maxItems', 'minItems'])
      if (typeof node[key] === 'number') yield* repetitions(Number(node[key]), { ...detail, other: key });
    const reference = node['$ref'];
    if (typeof reference === 'string' && !reference.startsWith('#/'))
      yield { rule: 'reference-outside', detail: { ...detail, other: reference } };
  }
}

const REPETITIONS_LIMIT = 2000;

function* repetitions(count: number, detail: Offence['detail']): Generator<Offence> {
  if (count >= REPETITIONS_LIMIT) yield { rule: 'repetitions', detail: { ...detail, count, limit: REPETITIONS_LIMIT } };
}

export interface SchemaNode {
  readonly node: Json;
  readonly path: string;
}

/** Every schema inside a schema, the outermost first. */
export function* walkSchema(schema: unknown, path: string): Generator<SchemaNode> {
  if (!isObject(schema)) return;
  yield { node: schema, path };
  for (const key of ['properties', '$defs', 'definitions', 'patternProperties'])
    for (const [name, inner] of Object.entries(object(schema[key]))) yield* walkSchema(inner, `${path}.${key}.${name}`);
  for (const key of ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'propertyNames', 'contains'])
    yield* walkSchema(schema[key], `${path}.${key}`);
  for (const key of ['anyOf', 'oneOf', 'allOf', 'prefixItems'])
    for (const [index, inner] of list(schema[key]).entries()) yield* walkSchema(inner, `${path}.${key}[${index}]`);
}
