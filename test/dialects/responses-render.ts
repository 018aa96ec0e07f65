/** A turn as a response of OpenAI's Responses endpoint, whole or as its events. */
import { wireUsage } from './chat-render.ts';
import { blob, event, hex, pieces } from './ids.ts';
import { canonical, type Json, list, object, string } from './json.ts';
import { contentKey, itemKey, needsKey, responseKey } from './responses-checks.ts';
import type { Answer } from './types.ts';

const stored = (answer: Answer): boolean => answer.request['store'] !== false;
const encrypts = (answer: Answer): boolean => list(answer.request['include']).includes('reasoning.encrypted_content') || !stored(answer);
const REFUSAL = 'I cannot help with that.';

/** The items of the answer, what must come back of them kept. */
function output(answer: Answer): Json[] {
  const { issued } = answer.context;
  const items: Json[] = [];
  const thought = `rs_${hex(`reasoning ${answer.nth}`, 50)}`;
  if (answer.reasoning !== '') {
    const content = blob(`encrypted ${answer.nth}`);
    const shown = object(answer.request['reasoning'])['summary'] !== undefined;
    items.push({
      id: thought,
      type: 'reasoning',
      summary: shown ? [{ type: 'summary_text', text: answer.reasoning }] : [],
      ...(encrypts(answer) ? { encrypted_content: content } : {}),
    });
    issued.set(contentKey(content), canonical(thought));
  }
  const text =
    answer.end === 'refusal'
      ? { type: 'refusal', refusal: answer.text === '' ? REFUSAL : answer.text }
      : { type: 'output_text', annotations: [], logprobs: [], text: answer.text };
  if (answer.text !== '' || answer.end === 'refusal')
    items.push({
      id: `msg_${hex(`message ${answer.nth}`, 50)}`,
      type: 'message',
      status: statusOf(answer),
      role: 'assistant',
      content: [text],
    });
  for (const [index, call] of answer.calls.entries()) {
    const id = `fc_${hex(`call ${answer.nth} ${index}`, 50)}`;
    items.push({ id, type: 'function_call', status: statusOf(answer), arguments: call.wire, call_id: call.id, name: call.name });
    if (answer.reasoning !== '') issued.set(needsKey(call.id), thought);
  }
  for (const item of items) issued.set(itemKey(item['id']), stored(answer) ? 'stored' : 'gone');
  return items;
}

const statusOf = (answer: Answer): string => (answer.end === 'length' || answer.end === 'filter' ? 'incomplete' : 'completed');

function usageOf({ counts }: Answer): Json {
  return {
    input_tokens: counts.input,
    input_tokens_details: { cached_tokens: counts.cached },
    output_tokens: counts.text + counts.reasoning,
    output_tokens_details: { reasoning_tokens: counts.reasoning },
    total_tokens: counts.input + counts.text + counts.reasoning,
  };
}

export function responsesWhole(answer: Answer): Json {
  const { request } = answer;
  const usage = wireUsage(answer, usageOf(answer));
  const id = `resp_${hex(`response ${answer.nth}`, 50)}`;
  if (stored(answer)) answer.context.issued.set(responseKey(id), answer.calls.map((call) => call.id).join(' '));
  const failed = answer.end === 'error';
  const reason = answer.end === 'length' ? 'max_output_tokens' : 'content_filter';
  return {
    id,
    object: 'response',
    created_at: 1_700_000_000 + answer.nth,
    status: answer.finish ?? (failed ? 'failed' : statusOf(answer)),
    background: false,
    error: failed ? { code: 'server_error', message: 'An error occurred while processing your request.' } : null,
    incomplete_details: statusOf(answer) === 'incomplete' ? { reason } : null,
    instructions: request['instructions'] ?? null,
    max_output_tokens: request['max_output_tokens'] ?? null,
    model: answer.context.model,
    output: failed ? [] : output(answer),
    parallel_tool_calls: true,
    previous_response_id: request['previous_response_id'] ?? null,
    reasoning: { effort: object(request['reasoning'])['effort'] ?? null, summary: null },
    store: stored(answer),
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: request['tools'] ?? [],
    top_p: 1,
    truncation: 'disabled',
    ...(usage === undefined ? {} : { usage }),
    user: null,
    metadata: {},
  };
}

export function responsesStream(answer: Answer): readonly string[] {
  const response = responsesWhole(answer);
  const begun = { ...response, status: 'in_progress', output: [], usage: null, incomplete_details: null, error: null };
  const events: Json[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
  ];
  for (const [index, item] of list(response['output']).map(object).entries()) {
    const at = { item_id: item['id'], output_index: index };
    events.push({ type: 'response.output_item.added', output_index: index, item: { ...item, ...OPENED[string(item['type'])] } });
    events.push(...inside(item, at));
    events.push({ type: 'response.output_item.done', output_index: index, item });
  }
  const kind = response['status'] === 'failed' ? 'failed' : response['status'] === 'incomplete' ? 'incomplete' : 'completed';
  events.push({ type: `response.${kind}`, response });
  return events.map((one, sequence) => event({ ...one, sequence_number: sequence }, string(one['type'])));
}

const OPENED: Readonly<Record<string, Json>> = {
  message: { status: 'in_progress', content: [] },
  function_call: { status: 'in_progress', arguments: '' },
  reasoning: { summary: [] },
};

function inside(item: Json, at: Json): Json[] {
  if (item['type'] === 'reasoning')
    return list(item['summary'])
      .map(object)
      .flatMap((part, index) => {
        const here = { ...at, summary_index: index };
        const text = string(part['text']);
        return [
          { type: 'response.reasoning_summary_part.added', ...here, part: { type: 'summary_text', text: '' } },
          ...pieces(text).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...here, delta })),
          { type: 'response.reasoning_summary_text.done', ...here, text },
          { type: 'response.reasoning_summary_part.done', ...here, part },
        ];
      });
  if (item['type'] === 'function_call') {
    const given = item['arguments'];
    // What is no text cannot come in pieces.
    const parts: readonly unknown[] = typeof given === 'string' ? pieces(given, 4) : [given];
    return [
      ...parts.map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
      { type: 'response.function_call_arguments.done', ...at, name: item['name'], arguments: given },
    ];
  }
  const part = object(list(item['content'])[0]);
  const here = { ...at, content_index: 0 };
  const refused = part['type'] === 'refusal';
  const text = string(refused ? part['refusal'] : part['text']);
  const name = refused ? 'refusal' : 'output_text';
  const opened = refused ? { ...part, refusal: '' } : { ...part, text: '' };
  return [
    { type: 'response.content_part.added', ...here, part: opened },
    ...pieces(text).map((delta) => ({ type: `response.${name}.delta`, ...here, delta, ...(refused ? {} : { logprobs: [] }) })),
    { type: `response.${name}.done`, ...here, ...(refused ? { refusal: text } : { text, logprobs: [] }) },
    { type: 'response.content_part.done', ...here, part },
  ];
}
