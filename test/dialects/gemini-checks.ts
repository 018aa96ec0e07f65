/** What may be wrong with a generateContent request: unknown names, the schema subset, turns, signatures. */
import { walkSchema } from './chat-checks.ts';
import { isObject, type Json, list, object, string } from './json.ts';
import type { Context, Offence } from './types.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const TOP = words('contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent model serviceTier store');
const CONFIG = words(
  'audioTranscriptionConfig candidateCount enableAffectiveDialog enableEnhancedCivicAnswers frequencyPenalty logprobs maxOutputTokens mediaResolution presencePenalty responseFormat responseJsonSchema responseLogprobs responseMimeType responseModalities responseSchema seed speechConfig stopSequences temperature thinkingConfig topK topP translationConfig',
);
const DECLARATION = words('behavior description name parameters parametersJsonSchema response responseJsonSchema');
/** Of `Schema` in the official client: https://ai.google.dev/api/caching#Schema */
const SCHEMA = words(
  'anyOf default description enum example format items maxItems maxLength maxProperties maximum minItems minLength minProperties minimum nullable pattern properties propertyOrdering required title type',
);
const PART = words(
  'text thought thoughtSignature functionCall functionResponse inlineData fileData executableCode codeExecutionResult videoMetadata mediaResolution',
);
const DATA = ['text', 'functionCall', 'functionResponse', 'inlineData', 'fileData', 'executableCode', 'codeExecutionResult'];

/** The endpoint reads both spellings; so one is made of both before anything is looked at. */
export const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());

export function read(body: Json, name: string): unknown {
  return Object.entries(body).find(([key]) => camel(key) === name)?.[1];
}

function* unknown(value: unknown, known: ReadonlySet<string>, path: string): Generator<Offence> {
  for (const name of Object.keys(object(value))) if (!known.has(camel(name))) yield { rule: 'unknown-name', detail: { path, value: name } };
}

export function* parameterOffences(body: Json): Generator<Offence> {
  yield* unknown(body, TOP, '');
  if (list(body['contents']).length === 0) yield { rule: 'contents-empty', detail: {} };
  const config = object(read(body, 'generationConfig'));
  yield* unknown(config, CONFIG, 'generation_config');
  const limit = config['maxOutputTokens'];
  if (limit !== undefined && !(Number.isInteger(limit) && Number(limit) >= 1)) yield { rule: 'limit-form', detail: {} };
  const temperature = config['temperature'];
  if (temperature !== undefined && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 2))
    yield { rule: 'temperature-form', detail: {} };
  const thinking = object(config['thinkingConfig']);
  if (thinking['thinkingBudget'] !== undefined && thinking['thinkingLevel'] !== undefined) yield { rule: 'thinking-both', detail: {} };
  const system = read(body, 'systemInstruction');
  if (system !== undefined && list(object(system)['parts']).length === 0) yield { rule: 'system-empty', detail: {} };
}

export function* toolOffences(body: Json): Generator<Offence> {
  const names = new Set<string>();
  for (const [nth, tool] of list(body['tools']).entries())
    for (const [index, raw] of list(read(object(tool), 'functionDeclarations')).entries()) {
      const declaration = object(raw);
      const path = `tools[${nth}].function_declarations[${index}]`;
      const name = string(declaration['name']);
      yield* unknown(declaration, DECLARATION, path);
      if (!/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(name)) yield { rule: 'name-form', detail: { path: `${path}.name`, value: name } };
      if (names.has(name)) yield { rule: 'name-twice', detail: { value: name } };
      names.add(name);
      if (declaration['parameters'] !== undefined && declaration['parametersJsonSchema'] !== undefined)
        yield { rule: 'parameters-both', detail: { path } };
      if (declaration['parameters'] !== undefined) yield* schemaOffences(declaration['parameters'], `${path}.parameters`);
      const json = declaration['parametersJsonSchema'];
      if (json !== undefined && object(json)['type'] !== 'object') yield { rule: 'json-schema-object', detail: { path } };
    }
}

function* schemaOffences(schema: unknown, path: string): Generator<Offence> {
  if (typeOf(object(schema)) !== 'OBJECT') yield { rule: 'parameters-object', detail: { path } };
  for (const { node, path: inner } of walkSchema(schema, '')) {
    const at = `${path}${inner}`;
    yield* unknown(node, SCHEMA, at);
    if (Array.isArray(node['type'])) yield { rule: 'type-list', detail: { path: `${at}.type` } };
    const type = typeOf(node);
    if (type === 'ARRAY' && node['items'] === undefined) yield { rule: 'items-missing', detail: { path: at } };
    if (type === 'OBJECT' && Object.keys(object(node['properties'])).length === 0) yield { rule: 'properties-empty', detail: { path: at } };
    if (node['enum'] !== undefined && type !== 'STRING') yield { rule: 'enum-type', detail: { path: at } };
    if (type === 'STRING' && node['format'] !== undefined && !['enum', 'date-time'].includes(string(node['format'])))
      yield { rule: 'format-unknown', detail: { path: at } };
    for (const [index, name] of list(node['required']).entries())
      if (object(node['properties'])[string(name)] === undefined)
        yield { rule: 'required-unknown', detail: { path: at, index, value: string(name) } };
  }
}

const typeOf = (node: Json): string => string(node['type']).toUpperCase();

export function* contentOffences(body: Json, context: Context): Generator<Offence> {
  const contents = list(body['contents']).map(object);
  for (const [index, content] of contents.entries()) {
    const path = `contents[${index}]`;
    if (content['role'] !== 'user' && content['role'] !== 'model')
      yield { rule: 'role-unknown', detail: { path, value: string(content['role']) } };
    yield* unknown(content, words('role parts'), path);
    if (list(content['parts']).length === 0) yield { rule: 'parts-empty', detail: { path } };
    for (const [nth, part] of list(content['parts']).map(object).entries())
      yield* partOffences(part, `${path}.parts[${nth}]`, { role: string(content['role']), model: context.model });
  }
  yield* turnOffences(contents);
  if (context.options.reasoning === true) yield* signatureOffences(contents, context);
}

function* partOffences(part: Json, path: string, { role, model }: { role: string; model: string }): Generator<Offence> {
  yield* unknown(part, PART, path);
  if (!DATA.some((name) => part[name] !== undefined)) yield { rule: 'part-empty', detail: { path } };
  const call = part['functionCall'];
  const answer = part['functionResponse'];
  yield* inlineOffences(part, path);
  if (call !== undefined) {
    const args = object(call)['args'];
    if (string(object(call)['name']) === '') yield { rule: 'call-name', detail: { path: `${path}.function_call.name` } };
    if (args !== undefined && !isObject(args))
      yield { rule: 'struct', detail: { path: `${path}.function_call.args`, value: JSON.stringify(args) } };
    if (role !== 'model') yield { rule: 'call-role', detail: { path } };
  }
  if (answer !== undefined) {
    const response = object(answer)['response'];
    if (string(object(answer)['name']) === '') yield { rule: 'answer-name', detail: { path: `${path}.function_response.name` } };
    if (!isObject(response))
      yield { rule: 'struct', detail: { path: `${path}.function_response.response`, value: JSON.stringify(response) } };
    if (role !== 'user') yield { rule: 'call-role', detail: { path } };
    yield* unknown(answer, RESPONSE, `${path}.function_response`);
    for (const [nth, inner] of list(object(answer)['parts']).map(object).entries()) {
      const at = `${path}.function_response.parts[${nth}]`;
      yield* unknown(inner, words('inlineData fileData'), at);
      yield* inlineOffences(inner, at);
      if (/^gemini-[12]/.test(model)) yield { rule: 'picture-place', detail: { path: at } };
    }
  }
}

/** Of `FunctionResponse` in the official client. */
const RESPONSE = words('id name response parts scheduling willContinue');

function* inlineOffences(part: Json, path: string): Generator<Offence> {
  const inline = part['inlineData'];
  if (inline === undefined) return;
  yield* unknown(inline, words('mimeType data displayName'), `${path}.inline_data`);
  if (typeof object(inline)['mimeType'] !== 'string' || typeof object(inline)['data'] !== 'string')
    yield { rule: 'picture-form', detail: { path: `${path}.inline_data` } };
}

const partsOf = (content: Json | undefined, name: string): Json[] =>
  list(content?.['parts']).flatMap((part) => (object(part)[name] === undefined ? [] : [object(object(part)[name])]));

/** A turn of calls is answered, whole and at once, by the turn after it. */
function* turnOffences(contents: readonly Json[]): Generator<Offence> {
  for (const [index, content] of contents.entries()) {
    const before = contents[index - 1];
    const calls = partsOf(content, 'functionCall');
    const answers = partsOf(content, 'functionResponse');
    const asked = partsOf(before, 'functionCall');
    if (before !== undefined && before['role'] === content['role']) yield { rule: 'roles-alternate', detail: {} };
    if (calls.length > 0 && before?.['role'] !== 'user') yield { rule: 'call-turn', detail: {} };
    if (answers.length > 0 && asked.length === 0) yield { rule: 'answer-turn', detail: {} };
    if (asked.length > 0 && answers.length !== asked.length)
      yield { rule: 'answer-count', detail: { count: answers.length, limit: asked.length } };
    for (const [nth, answer] of answers.entries()) {
      const name = string(answer['name']);
      if (!asked.some((call) => call['name'] === name))
        yield { rule: 'answer-unknown', detail: { path: `contents[${index}].parts[${nth}]`, value: name } };
      const id = answer['id'];
      const ids: unknown[] = asked.flatMap((call) => (call['id'] === undefined ? [] : [call['id']]));
      if (ids.length > 0 && !ids.includes(id))
        yield { rule: 'answer-id', detail: { path: `contents[${index}].parts[${nth}]`, value: string(id) } };
    }
  }
  if (contents.length > 0 && contents.at(-1)?.['role'] !== 'user') yield { rule: 'last-role', detail: {} };
}

export const callKey = (call: Json): string => `call ${string(call['name'])} ${string(call['id'])}`;
/** The documented stand-in for calls that another model made. */
const STAND_IN = 'skip_thought_signature_validator';

/** The first call of each turn carries the signature of what was thought before it. */
function* signatureOffences(contents: readonly Json[], context: Context): Generator<Offence> {
  for (const [index, content] of contents.entries()) {
    const first = list(content['parts'])
      .map(object)
      .find((part) => part['functionCall'] !== undefined);
    if (first === undefined) continue;
    const call = object(first['functionCall']);
    const given = first['thoughtSignature'];
    const issued = context.issued.get(callKey(call));
    if (typeof given !== 'string' || given === '') yield { rule: 'signature-missing', detail: { value: string(call['name']), index } };
    else if (issued === undefined ? given !== STAND_IN : given !== issued) yield { rule: 'signature-changed', detail: { index } };
  }
}
