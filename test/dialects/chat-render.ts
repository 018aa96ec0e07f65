/** A turn as a chat completion, whole or in chunks. */
import { event, letters, pieces } from './ids.ts';
import { at, type Json } from './json.ts';
import type { Answer } from './types.ts';

export interface ChatShape {
  /** Where reasoning stands in a message; `none` counts it and shows nothing. */
  readonly reasoning: 'reasoning_content' | 'reasoning' | 'none' | 'content';
  /** `asked`: an extra chunk when `stream_options.include_usage`; `last`: in the chunk that finishes; `extra`: always an extra chunk. */
  readonly streamUsage: 'asked' | 'last' | 'extra' | 'x_groq';
  /** Comments before the first event. */
  readonly comment?: string;
  /** Calls come in one piece. */
  readonly wholeCalls?: boolean;
  readonly words?: Readonly<Partial<Record<Answer['end'], string>>>;
  usage(answer: Answer): Json;
  /** Fields that every answer carries beside the usual ones. */
  extra?(answer: Answer): Json;
  /** Fields of the message, and of the last delta. */
  messageExtra?(answer: Answer): Json;
  choiceExtra?(answer: Answer): Json;
  callExtra?(answer: Answer, index: number): Json;
}

const WORDS: Readonly<Record<Answer['end'], string>> = {
  stop: 'stop',
  calls: 'tool_calls',
  length: 'length',
  filter: 'content_filter',
  refusal: 'stop',
  error: 'error',
  malformed: 'stop',
};

const finishOf = (answer: Answer, shape: ChatShape): string => answer.finish ?? shape.words?.[answer.end] ?? WORDS[answer.end];

/** OpenAI's own usage object. */
export function openAiUsage(answer: Answer): Json {
  const { input, cached, text, reasoning } = answer.counts;
  const completion = answer.thinkingOutside ? text : text + reasoning;
  return {
    prompt_tokens: input,
    completion_tokens: completion,
    total_tokens: input + text + reasoning,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: answer.thinkingOutside ? 0 : reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

export function wireUsage(answer: Answer, usage: Json): Json | undefined {
  if (answer.usage === 'none') return undefined;
  return answer.usage ?? usage;
}

function head(answer: Answer, kind: string, shape: ChatShape): Json {
  return {
    id: `chatcmpl-${letters(`completion ${answer.nth}`, 29)}`,
    object: kind,
    created: 1_700_000_000 + answer.nth,
    model: answer.context.model,
    ...shape.extra?.(answer),
  };
}

function wireCall(answer: Answer, shape: ChatShape, index: number): Json {
  const call = answer.calls[index];
  return {
    id: call?.id,
    type: 'function',
    function: { name: call?.name, arguments: call?.wire },
    ...shape.callExtra?.(answer, index),
  };
}

export function chatMessage(answer: Answer, shape: ChatShape): Json {
  const calls = answer.calls.map((_call, index) => wireCall(answer, shape, index));
  const text = answer.end === 'refusal' ? null : answer.text === '' ? null : answer.text;
  const thinking = { type: 'thinking', thinking: [{ type: 'text', text: answer.reasoning }] };
  return {
    role: 'assistant',
    content: shape.reasoning === 'content' && answer.reasoning !== '' ? [thinking, { type: 'text', text: answer.text }] : text,
    ...(answer.end === 'refusal' ? { refusal: answer.text === '' ? 'I cannot help with that.' : answer.text } : {}),
    ...(shape.reasoning !== 'none' && shape.reasoning !== 'content' && answer.reasoning !== ''
      ? { [shape.reasoning]: answer.reasoning }
      : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...shape.messageExtra?.(answer),
  };
}

export function chatWhole(answer: Answer, shape: ChatShape): unknown {
  const usage = wireUsage(answer, shape.usage(answer));
  // Azure's filter leaves a choice without any message.
  const message = answer.end === 'filter' ? {} : { message: chatMessage(answer, shape) };
  return {
    ...head(answer, 'chat.completion', shape),
    choices: [{ index: 0, ...message, logprobs: null, finish_reason: finishOf(answer, shape), ...shape.choiceExtra?.(answer) }],
    ...(usage === undefined ? {} : { usage }),
  };
}

export function chatStream(answer: Answer, shape: ChatShape): readonly string[] {
  const asked = at(answer.request, 'stream_options', 'include_usage') === true;
  const extra = shape.streamUsage === 'extra' || (shape.streamUsage === 'asked' && asked);
  const usage = wireUsage(answer, shape.usage(answer));
  const base = head(answer, 'chat.completion.chunk', shape);
  const chunk = (delta: Json, finish: string | null = null, more: Json = {}): string =>
    event({
      ...base,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish, ...(finish === null ? {} : shape.choiceExtra?.(answer)) }],
      ...(extra && shape.streamUsage === 'asked' ? { usage: null } : {}),
      ...more,
    });
  const last: Json =
    usage === undefined || extra
      ? {}
      : shape.streamUsage === 'last'
        ? { usage }
        : shape.streamUsage === 'x_groq'
          ? { x_groq: { id: base['id'], usage } }
          : {};
  return [
    ...(shape.comment === undefined ? [] : [shape.comment, shape.comment]),
    chunk({ role: 'assistant', content: '' }),
    ...reasoningDeltas(answer, shape).map((delta) => chunk(delta)),
    ...textDeltas(answer).map((delta) => chunk(delta)),
    ...callDeltas(answer, shape).map((delta) => chunk(delta)),
    chunk({ ...shape.messageExtra?.(answer) }, finishOf(answer, shape), last),
    ...(extra && usage !== undefined ? [event({ ...base, choices: [], usage })] : []),
    event('[DONE]'),
  ];
}

function reasoningDeltas(answer: Answer, shape: ChatShape): Json[] {
  if (shape.reasoning === 'none' || answer.reasoning === '') return [];
  return pieces(answer.reasoning).map((text) =>
    shape.reasoning === 'content'
      ? { content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] }
      : { [shape.reasoning]: text, content: null },
  );
}

function textDeltas(answer: Answer): Json[] {
  if (answer.end === 'filter') return [];
  if (answer.end === 'refusal')
    return pieces(answer.text === '' ? 'I cannot help with that.' : answer.text).map((refusal) => ({ refusal }));
  return pieces(answer.text).map((content) => ({ content }));
}

/** The first piece names the call; the pieces of two calls never share a delta. */
function callDeltas(answer: Answer, shape: ChatShape): Json[] {
  return answer.calls.flatMap((call, index) => {
    const whole = { index, ...wireCall(answer, shape, index) };
    if (shape.wholeCalls === true || typeof call.wire !== 'string') return [{ tool_calls: [whole] }];
    return [
      { tool_calls: [{ ...whole, function: { name: call.name, arguments: '' } }] },
      ...pieces(call.wire, 4).map((part) => ({ tool_calls: [{ index, function: { arguments: part } }] })),
    ];
  });
}
