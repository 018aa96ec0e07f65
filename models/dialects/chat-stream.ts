/** The chunks of a streamed chat completion, put together to the completion that the same call has without a stream. */
import { z } from 'zod';
import type { Assembler } from './dialect.ts';

const chunkSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        index: z.number().nullish(),
        finish_reason: z.string().nullish(),
        native_finish_reason: z.string().nullish().catch(undefined),
        delta: z.record(z.string(), z.unknown()).nullish().catch(undefined),
        message: z.record(z.string(), z.unknown()).nullish().catch(undefined),
        error: z.unknown().optional(),
      }),
    )
    .nullish()
    .catch([]),
  usage: z.unknown().optional(),
  // Where Groq puts it (https://console.groq.com/docs/api-reference).
  x_groq: z.looseObject({ usage: z.unknown().optional() }).nullish().catch(undefined),
});
const callPiece = z.looseObject({
  index: z.number().nullish().catch(undefined),
  id: z.string().nullish().catch(undefined),
  type: z.string().nullish().catch(undefined),
  function: z
    .looseObject({ name: z.string().nullish().catch(undefined), arguments: z.unknown().optional() })
    .nullish()
    .catch(undefined),
});

type Fields = Record<string, unknown>;
interface CallParts {
  readonly index: number | undefined;
  readonly fields: Fields;
  id: string;
  name: string;
  text: string;
}

export function createChatAssembler(): Assembler {
  const message: Fields = {};
  const calls: CallParts[] = [];
  let fresh = '';
  let finish: string | undefined;
  let native: string | undefined;
  let error: unknown;
  let usage: unknown;
  return {
    add: (event) => {
      const chunk = chunkSchema.parse(event);
      usage = chunk.usage ?? chunk.x_groq?.usage ?? usage;
      // Others than the first were never asked for.
      const choice = chunk.choices?.find((one) => (one.index ?? 0) === 0);
      if (choice === undefined) return;
      const delta = choice.delta ?? choice.message ?? {};
      if (typeof delta['content'] === 'string') fresh += delta['content'];
      for (const [name, value] of Object.entries(delta)) {
        if (name === 'tool_calls') addCalls(calls, value);
        else message[name] = joined(message[name], value);
      }
      if (choice.finish_reason !== undefined && choice.finish_reason !== null && choice.finish_reason !== '') finish = choice.finish_reason;
      native = choice.native_finish_reason ?? native;
      if (choice.error !== undefined) error = choice.error;
    },
    // Its counts come after its end.
    isOver: () => false,
    text: () => {
      const text = fresh;
      fresh = '';
      return text;
    },
    whole: () => {
      if (finish === undefined) return undefined;
      const tool_calls = calls.map(({ id, name, text, fields }) => ({
        ...fields,
        id,
        type: 'function',
        function: { name, arguments: text },
      }));
      return {
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            finish_reason: finish,
            ...(native === undefined ? {} : { native_finish_reason: native }),
            ...(error === undefined ? {} : { error }),
            message: { ...message, role: 'assistant', ...(tool_calls.length > 0 ? { tool_calls } : {}) },
          },
        ],
        ...(usage === undefined ? {} : { usage }),
      };
    },
  };
}

/** Texts grow, lists grow, and pieces of the same entry of a list (OpenRouter's `reasoning_details`) become one. */
function joined(before: unknown, piece: unknown): unknown {
  if (piece === null || piece === undefined) return before;
  if (typeof piece === 'string' && typeof before === 'string') return before + piece;
  if (Array.isArray(piece)) {
    // Grown in place: the parsed events are nobody else's, and there may be as many of them as of tokens.
    const list: unknown[] = Array.isArray(before)
      ? before
      : typeof before === 'string' && before !== ''
        ? [{ type: 'text', text: before }]
        : [];
    for (const entry of piece) addEntry(list, entry);
    return list;
  }
  if (Array.isArray(before) && typeof piece === 'string') {
    if (piece !== '') addEntry(before, { type: 'text', text: piece });
    return before;
  }
  return piece;
}

/** Text of an entry is told in pieces; what names it, in each of them. */
const GROWING = new Set(['text', 'summary', 'data', 'thinking']);

function addEntry(list: unknown[], entry: unknown): void {
  const last = list.at(-1);
  if (
    !isFields(last) ||
    !isFields(entry) ||
    last['type'] !== entry['type'] ||
    last['index'] !== entry['index'] ||
    last['id'] !== entry['id']
  ) {
    list.push(entry);
    return;
  }
  const merged: Fields = { ...last };
  for (const [name, value] of Object.entries(entry)) merged[name] = GROWING.has(name) ? joined(last[name], value) : (value ?? last[name]);
  list[list.length - 1] = merged;
}

const isFields = (value: unknown): value is Fields => value !== null && typeof value === 'object' && !Array.isArray(value);

/** A piece belongs to the call of its index; but another id is another call (Gemini's compatible endpoint numbers them all 0). */
function addCalls(calls: CallParts[], value: unknown): void {
  // Many servers say null where there is none, in every piece.
  for (const given of (Array.isArray(value) ? value : [value]).filter(isFields)) {
    const { index: at, id: said, type: _type, function: called, ...fields } = callPiece.parse(given);
    const id = said ?? '';
    const index = at ?? undefined;
    const same = calls.findLast((call) => (index === undefined ? id === '' || call.id === id : call.index === index));
    let call = same;
    if (call === undefined || (id !== '' && call.id !== '' && call.id !== id)) {
      call = { index, id, fields: {}, name: '', text: '' };
      calls.push(call);
    }
    if (call.id === '') call.id = id;
    const name = called?.name ?? '';
    // Some servers repeat the whole name in every piece.
    if (name !== call.name) call.name += name;
    const piece = called?.arguments;
    if (typeof piece === 'string') call.text += piece;
    else if (piece !== undefined && piece !== null) call.text += JSON.stringify(piece);
    for (const [name_, field] of Object.entries(fields)) call.fields[name_] = field;
  }
}
