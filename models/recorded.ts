/** The recorded form of an answer in the effect journal. */
import { z } from 'zod';
import { StopError } from '../domain/errors.ts';
import type { ChatAnswer } from '../domain/ports.ts';

const recordedSchema = z.strictObject({
  text: z.string(),
  toolCalls: z.array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() })),
  usage: z.strictObject({ inputTokens: z.number(), outputTokens: z.number(), cachedInputTokens: z.number() }),
  finish: z.enum(['stop', 'tool_calls', 'length', 'refusal']),
  opaque: z.strictObject({ origin: z.string(), content: z.json() }).optional(),
  canned: z.boolean(),
});
/** An answer whose usage is the one that was booked. */
export type BookedAnswer = ChatAnswer & z.infer<typeof recordedSchema>;

export function recordAnswer(answer: BookedAnswer): string {
  return JSON.stringify(answer);
}

/** @throws StopError `STATE_TAMPERED` when the journal holds something else. */
export function readAnswer(result: string, key: string): BookedAnswer {
  try {
    return recordedSchema.parse(JSON.parse(result));
  } catch (error) {
    throw new StopError('STATE_TAMPERED', `journal ${key}: the recorded answer cannot be read`, { cause: error });
  }
}
