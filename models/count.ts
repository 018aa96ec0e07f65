/** A true upper bound of the input tokens of a request: its bytes on the wire. */
import type { ChatRequest } from '../domain/ports.ts';
import { wireMessages, wireTools } from './messages.ts';

/** Role markers and separators that a chat template adds; seen templates use 3 to 5. */
const TOKENS_PER_PART = 16;

/**
 * Every tokenizer in use makes at least one byte of each token, so the UTF-8 bytes of the JSON, which also names and quotes
 * every part, are never fewer than the tokens (contract section 5).
 */
export function countInputBound(request: Pick<ChatRequest, 'messages' | 'tools'>): number {
  const messages = wireMessages(request.messages);
  const tools = wireTools(request.tools);
  const bytes = Buffer.byteLength(JSON.stringify({ messages, tools }));
  return bytes + TOKENS_PER_PART * (messages.length + tools.length + 1);
}
