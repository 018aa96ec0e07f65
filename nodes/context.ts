/** Builds the request of every model call, so that it fits the window and never loses the goal (contract section 5). */
import { StopError } from '../domain/errors.ts';
import type { ChatMessage, ToolSpec, TranscriptRow } from '../domain/ports.ts';

export interface ContextParts {
  /** The role's contract. */
  readonly contract: string;
  readonly goal: string;
  /** From the root (the brief) to the head. */
  readonly rows: readonly TranscriptRow[];
  readonly tools: readonly ToolSpec[];
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
}

/** Room for the wire format around messages, in tokens, beyond the bytes of the messages themselves. */
const WIRE_RESERVE_TOKENS = 512;
/** What a message costs beyond its content, at most: keys, quotes, role. */
const MESSAGE_OVERHEAD_BYTES = 120;
/** A tool argument longer than this becomes a note in old messages. */
const OLD_ARGUMENT_BYTES = 300;

const bytesOf = (message: ChatMessage): number => Buffer.byteLength(JSON.stringify(message)) + MESSAGE_OVERHEAD_BYTES;

/**
 * The goal verbatim, the contract, the brief, then as much of the exchange as fits: the newest in full, older tool results
 * as one-line pointers, the oldest steps as one counted line. Bytes are counted as tokens, a true upper bound.
 * @throws StopError `CONTEXT_EXCEEDED` when even the newest exchange does not fit.
 */
export function buildMessages(parts: ContextParts): ChatMessage[] {
  const budget = parts.contextTokens - parts.maxOutputTokens - WIRE_RESERVE_TOKENS - Buffer.byteLength(JSON.stringify(parts.tools));
  const [brief, ...rest] = parts.rows.map((row) => row.message);
  const head: ChatMessage[] = [
    { role: 'system', content: `${parts.contract}\n\n# The goal, in the words of the person who asked\n\n${parts.goal}` },
  ];
  if (brief !== undefined) head.push(brief);
  let left = budget - head.reduce((sum, message) => sum + bytesOf(message), 0);
  const steps = stepsOf(rest);
  const kept: ChatMessage[][] = [];
  let index = steps.length - 1;
  let full = true;
  for (; index >= 0; index -= 1) {
    const step = steps[index] ?? [];
    let messages = full ? step : step.map(pointer);
    let size = messages.reduce((sum, message) => sum + bytesOf(message), 0);
    if (full && size > left - reserveForOlder(index, budget)) {
      full = kept.length === 0;
      if (!full || size > left) {
        messages = step.map(pointer);
        size = messages.reduce((sum, message) => sum + bytesOf(message), 0);
        full = false;
      }
    }
    if (size > left) break;
    left -= size;
    kept.unshift(messages);
  }
  if (steps.length > 0 && kept.length === 0) tooLarge(parts, 'the newest step', budget);
  if (left < 0) tooLarge(parts, 'the goal, the contract and the brief', budget);
  const omitted = index + 1;
  if (omitted > 0) {
    head.push({
      role: 'user',
      content: `(${omitted} earlier steps of yours are left out here. The files show what they did; read them again where you need to.)`,
    });
  }
  return [...head, ...kept.flat()];
}

/** Keep a third of the window for older steps as pointers, as long as there are older steps. */
function reserveForOlder(index: number, budget: number): number {
  return index > 0 ? Math.floor(budget / 3) : 0;
}

function tooLarge(parts: ContextParts, what: string, budget: number): never {
  throw new StopError(
    'CONTEXT_EXCEEDED',
    `${what} does not fit: ${budget} bytes are left of a window of ${parts.contextTokens} tokens after ${parts.maxOutputTokens} output tokens and the tools`,
    { facts: { context_tokens: parts.contextTokens, max_output_tokens: parts.maxOutputTokens } },
  );
}

/** A step is an assistant message with the tool results and notes that follow it. */
function stepsOf(messages: readonly ChatMessage[]): ChatMessage[][] {
  const steps: ChatMessage[][] = [];
  for (const message of messages) {
    const current = steps.at(-1);
    if (message.role === 'assistant' || current === undefined) steps.push([message]);
    else current.push(message);
  }
  return steps;
}

/** The one-line form of an older message. Pure, so that the same transcript gives the same request. */
function pointer(message: ChatMessage): ChatMessage {
  if (message.role === 'tool') {
    const size = Buffer.byteLength(message.content);
    if (size <= OLD_ARGUMENT_BYTES) return message;
    return { ...message, content: `[${message.toolName}: ${size} bytes, left out; call it again to see them]` };
  }
  if (message.role === 'assistant') {
    return {
      ...message,
      content: message.content.length > 1000 ? `${message.content.slice(0, 1000)}...` : message.content,
      toolCalls: message.toolCalls.map((call) => ({ ...call, arguments: shortArguments(call.arguments) })),
    };
  }
  return message;
}

function shortArguments(text: string): string {
  if (Buffer.byteLength(text) <= OLD_ARGUMENT_BYTES) return text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return '{}';
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return '{}';
  const short = Object.entries(parsed).map(([key, value]) => {
    const size = Buffer.byteLength(JSON.stringify(value) ?? '');
    return [key, size > 200 ? `[${size} bytes, left out]` : value];
  });
  return JSON.stringify(Object.fromEntries(short));
}
