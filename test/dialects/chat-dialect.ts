/** Makes a dialect of the chat completions family from what sets it apart. */
import { parameterOffences, toolOffences } from './chat-checks.ts';
import { MESSAGE_FIELDS, type MessageFields, messageOffences, reasoningKey } from './chat-messages.ts';
import { type ChatShape, chatMessage, chatStream, chatWhole } from './chat-render.ts';
import { envelope } from './envelope.ts';
import { at, canonical, type Json, list, object, textOf } from './json.ts';
import { billedPictures, openAiPicture, openPicture, type PictureLimits, pictureOffences } from './pictures.ts';
import type {
  Answer,
  Context,
  Dialect,
  DialectName,
  DialectOptions,
  ErrorAnswer,
  FaultName,
  Incoming,
  Offence,
  Rules,
  Unit,
} from './types.ts';

export interface ChatProfile {
  readonly name: DialectName;
  readonly base: (options: DialectOptions) => string;
  readonly defaultModel: (options: DialectOptions) => string;
  readonly rules: Rules;
  readonly parameters: readonly string[];
  readonly messageFields?: MessageFields;
  readonly shape: ChatShape;
  readonly errors: Readonly<Partial<Record<FaultName, ErrorAnswer>>>;
  readonly streamError: string;
  readonly without: readonly FaultName[];
  /** Absent: it takes no pictures. `inTools`: also in a tool message. */
  readonly pictures?: PictureLimits & { readonly inTools?: boolean };
  readonly caching?: Dialect['caching'];
  /** The wanted output counts against the window. */
  readonly windowHoldsOutput?: boolean;
  /** Instead of path and bearer token under the base. */
  envelope?(incoming: Incoming, context: Context): Iterable<Offence>;
  /** What only this dialect looks at. */
  own?(body: Json, context: Context): Iterable<Offence>;
  quiet?: Dialect['quiet'];
  /** Keeps what must come back. */
  remember?(answer: Answer, message: Json): void;
}

/** What most of the family takes. */
export const COMMON_PARAMETERS: readonly string[] = [
  'model',
  'messages',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'max_tokens',
  'n',
  'parallel_tool_calls',
  'presence_penalty',
  'response_format',
  'seed',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'user',
];

export function createChatDialect(profile: ChatProfile): Dialect {
  const parameters = new Set(profile.parameters);
  const fields = profile.messageFields ?? MESSAGE_FIELDS;
  const remember = (answer: Answer): void => profile.remember?.(answer, chatMessage(answer, profile.shape));
  return {
    name: profile.name,
    base: profile.base,
    defaultModel: profile.defaultModel,
    rules: profile.rules,
    caching: profile.caching ?? 'prefix',
    errors: profile.errors,
    streamError: profile.streamError,
    without: profile.without,
    quiet: profile.quiet ?? ((body) => body['reasoning_effort'] === 'none'),
    streamed: (incoming) => at(incoming.body, 'stream') === true,
    *offences(incoming, context, inputTokens) {
      const base = profile.base(context.options);
      yield* profile.envelope?.(incoming, context) ?? envelope(incoming, context, [`${base}/chat/completions`]);
      const body = incoming.body;
      if (body === undefined) return;
      yield* parameterOffences(body, context, parameters);
      yield* toolOffences(body);
      yield* messageOffences(body, fields, profile.pictures?.inTools);
      if (profile.pictures !== undefined) yield* pictureOffences(body, context, profile.pictures);
      yield* profile.own?.(body, context) ?? [];
      yield* windowOffences(body, context, inputTokens, profile.windowHoldsOutput === true);
    },
    units,
    whole(answer) {
      remember(answer);
      return chatWhole(answer, profile.shape);
    },
    stream(answer) {
      remember(answer);
      return chatStream(answer, profile.shape);
    },
  };
}

function* windowOffences(body: Json, context: Context, input: number, holdsOutput: boolean): Generator<Offence> {
  const output = holdsOutput ? Number(body['max_completion_tokens'] ?? body['max_tokens'] ?? 0) : 0;
  if (input + output <= context.windowTokens) return;
  yield { rule: 'context', detail: { path: 'messages', count: input, index: output, limit: context.windowTokens } };
}

/** The tools, then each message. */
function units(body: Json): readonly Unit[] {
  const tools = list(body['tools']);
  const messages = billedPictures(body['messages'], /gpt/.test(String(body['model'])) ? openAiPicture(body['model']) : openPicture);
  return [
    ...(tools.length > 0 ? [{ text: canonical(tools) }] : []),
    ...list(messages).map((raw) => {
      const message = object(raw);
      const calls = list(message['tool_calls']).map((call) => canonical(object(call)['function']));
      const reasoning = textOf(message['reasoning_content']) + textOf(message['reasoning']);
      return { text: [message['role'], textOf(message['content']), ...calls, reasoning].join('\n') };
    }),
  ];
}

/** What a message with calls must bring back of the answer they came from, by a field of it. */
export function* returned(body: Json, context: Context, read: (message: Json) => unknown): Generator<Offence> {
  for (const [index, raw] of list(body['messages']).entries()) {
    const message = object(raw);
    if (message['role'] !== 'assistant' || list(message['tool_calls']).length === 0) continue;
    const given = read(message);
    const detail = { path: `messages[${index}]`, index, value: textOf(at(message, 'tool_calls', 0, 'function', 'name')) };
    const kept = context.issued.get(reasoningKey(message));
    if (kept === NOTHING_THOUGHT) continue;
    if (given === undefined || given === '' || given === null) yield { rule: 'reasoning-missing', detail };
    else if (kept !== undefined && kept !== canonical(given)) yield { rule: 'reasoning-changed', detail };
  }
}

const NOTHING_THOUGHT = 'null';

export function keep(answer: Answer, message: Json, value: unknown): void {
  answer.context.issued.set(reasoningKey(message), canonical(value));
}
