/** The events of a streamed message of Anthropic's, put together to the message that the same call has without a stream. */
import { z } from 'zod';
import { type Assembler, stringOf } from './dialect.ts';

type Block = Record<string, unknown>;
const eventSchema = z.looseObject({
  type: z.string(),
  index: z.number().optional(),
  message: z.looseObject({ usage: z.record(z.string(), z.unknown()).nullish() }).optional(),
  content_block: z.record(z.string(), z.unknown()).optional(),
  delta: z.record(z.string(), z.unknown()).optional(),
  usage: z.record(z.string(), z.unknown()).nullish(),
});

/** https://docs.anthropic.com/en/docs/build-with-claude/streaming */
export function createMessageAssembler(): Assembler {
  let message: Block | undefined;
  let usage: Block = {};
  let stopped = false;
  let fresh = '';
  // By index, which is whatever the endpoint says it is.
  const blocks = new Map<number, Block>();
  const inputs = new Map<number, string>();
  const grow = (block: Block, name: string, piece: unknown): void => {
    block[name] = stringOf(block[name]) + stringOf(piece);
  };
  const delta = (at: number, piece: Block): void => {
    const block = blocks.get(at);
    if (block === undefined) return;
    if (piece['type'] === 'text_delta') {
      grow(block, 'text', piece['text']);
      fresh += stringOf(piece['text']);
    }
    if (piece['type'] === 'thinking_delta') grow(block, 'thinking', piece['thinking']);
    if (piece['type'] === 'signature_delta') grow(block, 'signature', piece['signature']);
    if (piece['type'] === 'input_json_delta') inputs.set(at, (inputs.get(at) ?? '') + stringOf(piece['partial_json']));
  };
  return {
    add: (event) => {
      const { type, index = 0, ...parts } = eventSchema.parse(event);
      if (type === 'message_start') {
        message = { ...parts.message };
        usage = { ...parts.message?.usage };
      }
      if (type === 'content_block_start') blocks.set(index, { ...parts.content_block });
      if (type === 'content_block_delta') delta(index, parts.delta ?? {});
      if (type === 'message_delta') {
        message = { ...message, ...parts.delta };
        // Its counts are of the whole message so far.
        usage = { ...usage, ...parts.usage };
      }
      if (type === 'message_stop') stopped = true;
    },
    isOver: () => stopped,
    text: () => {
      const text = fresh;
      fresh = '';
      return text;
    },
    whole: () => {
      if (message === undefined || !stopped) return undefined;
      const content = [...blocks].map(([at, block]) =>
        block['type'] === 'tool_use' ? { ...block, input: inputOf(inputs.get(at), block['input']) } : block,
      );
      return { ...message, content, usage };
    },
  };
}

/** A call that was cut at the output limit has half an input: it stays a text, which our own reading then refuses. */
function inputOf(text: string | undefined, started: unknown): unknown {
  if (text === undefined || text === '') return started ?? {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
