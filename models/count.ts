/** A true upper bound of the input tokens of a request: its bytes on the wire. */
import type { ChatMessage, ChatRequest, ToolSpec } from '../domain/ports.ts';
import { wireMessages, wireTools } from './messages.ts';
import { remembered } from './remembered.ts';

/** Role markers and separators that a chat template adds; seen templates use 3 to 5. */
export const TOKENS_PER_PART = 16;
const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
/** UTF-8 bytes of a message as JSON, without what only its provider reads. */
export const wireBytesOf = remembered((message: ChatMessage) => jsonBytes(wireMessages([message])[0]));
/** UTF-8 bytes of what only its provider reads. */
export const opaqueBytesOf = remembered((message: ChatMessage): number =>
  message.role !== 'assistant' || message.opaque === undefined ? 0 : Buffer.byteLength(JSON.stringify(message.opaque.content)),
);
const FRAME_BYTES = jsonBytes({ messages: [], tools: [] });
const toolBytesOf = remembered((tool: ToolSpec) => jsonBytes(wireTools([tool])[0]));

/**
 * Every tokenizer in use makes at least one byte of each token, so the UTF-8 bytes of the JSON, which also names and quotes
 * every part, are never fewer than the tokens (`docs/contract.md`, "What a model sees").
 * @param origin whose opaque content is sent back with the request; that of others is not.
 */
export function countInputBound(request: Pick<ChatRequest, 'messages' | 'tools'>, origin?: string): number {
  let bytes = FRAME_BYTES;
  for (const message of request.messages) {
    bytes += wireBytesOf(message) + 1;
    if (message.role === 'assistant' && message.opaque !== undefined && message.opaque.origin === origin) bytes += opaqueBytesOf(message);
  }
  for (const tool of request.tools) bytes += toolBytesOf(tool) + 1;
  return bytes + TOKENS_PER_PART * (request.messages.length + request.tools.length + 1);
}
