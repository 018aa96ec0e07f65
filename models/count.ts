/** A true upper bound of the input tokens of a request: its bytes on the wire, and of its pictures what their formula says. */
import type { ChatMessage, ChatModel, ChatRequest, ToolCall, ToolSpec } from '../domain/ports.ts';
import { wireMessages, wireTools } from './messages.ts';
import { folded, remembered } from './remembered.ts';

/** Role markers and separators that a chat template adds; seen templates use 3 to 5. */
export const TOKENS_PER_PART = 16;
const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
const FRAME_BYTES = jsonBytes({ messages: [], tools: [] });

/** UTF-8 bytes of a message as JSON, without what only its provider reads. */
export const wireBytesOf = (message: ChatMessage): number => jsonBytes(wireMessages([message])[0]);

/** UTF-8 bytes of what only its provider reads. */
export function opaqueBytesOf(message: ChatMessage): number {
  return message.role !== 'assistant' || message.opaque === undefined ? 0 : jsonBytes(message.opaque.content);
}

/** The bytes of a message that every template keeps: thoughts in the text of an answer are dropped by some. */
export function contentBytesOf(message: ChatMessage): number {
  if (message.role !== 'assistant') return Buffer.byteLength(message.content);
  return writtenBytes(message.content.slice(message.content.lastIndexOf('</think>') + 1), message.toolCalls);
}

/** The bytes of what a model wrote. */
export function writtenBytes(text: string, calls: readonly ToolCall[]): number {
  return calls.reduce((sum, call) => sum + Buffer.byteLength(call.name) + Buffer.byteLength(call.arguments), Buffer.byteLength(text));
}

/** What stands around a picture: its caption, the names of its parts, and a message of its own where a dialect needs one. */
const PICTURE_FRAME_TOKENS = 256;

/** The most tokens that the picture of a message takes; its base64 is no text, and is not counted. */
export function pictureTokensOf(message: ChatMessage, sight: ChatModel['sight']): number {
  if (message.role !== 'tool' || message.picture === undefined) return 0;
  const tokens = sight?.(message.picture);
  return tokens === undefined ? 0 : tokens + PICTURE_FRAME_TOKENS;
}

type Request = Pick<ChatRequest, 'messages' | 'tools'>;

/**
 * Every tokenizer in use makes at least one byte of each token, so the UTF-8 bytes of the JSON, which also names and quotes
 * every part, are never fewer than the tokens (`docs/contract.md`, "What a model sees").
 * @param origin whose opaque content is sent back with the request; that of others is not.
 * @param sight what pictures take; absent: none are shown.
 */
export function countInputBound(request: Request, origin?: string, sight?: ChatModel['sight']): number {
  return createInputCount(origin, sight)(request);
}

/** The same count for a model that is asked often: what comes again is counted once. */
export function createInputCount(origin?: string, sight?: ChatModel['sight']): (request: Request) => number {
  const bytesOf = remembered((message: ChatMessage): number => {
    const isOwn = message.role === 'assistant' && message.opaque !== undefined && message.opaque.origin === origin;
    return wireBytesOf(message) + 1 + (isOwn ? opaqueBytesOf(message) : 0) + pictureTokensOf(message, sight);
  });
  const bytesOfMessages = folded(FRAME_BYTES, (sum, message: ChatMessage) => sum + bytesOf(message));
  const bytesOfTools = folded(0, (sum, tool: ToolSpec) => sum + jsonBytes(wireTools([tool])[0]) + 1);
  return ({ messages, tools }) => bytesOfMessages(messages) + bytesOfTools(tools) + TOKENS_PER_PART * (messages.length + tools.length + 1);
}
