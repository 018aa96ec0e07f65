/** The recorded form of an answer in the effect journal, and what the count of the next request stands on. */
import { z } from 'zod';
import { StopError } from '../domain/errors.ts';
import type { ChatAnswer } from '../domain/ports.ts';
import { askedSchema } from './asked.ts';

const answerShape = {
  text: z.string(),
  toolCalls: z.array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() })),
  usage: z.strictObject({
    inputTokens: z.number(),
    outputTokens: z.number(),
    cachedInputTokens: z.number(),
    cacheWriteTokens: z.number().optional(),
  }),
  finish: z.enum(['stop', 'tool_calls', 'length', 'refusal']),
  opaque: z.strictObject({ origin: z.string(), content: z.json() }).optional(),
  canned: z.boolean(),
};
const countedSchema = z.strictObject({
  asked: askedSchema,
  /** False from the first report of this agent and attempt that cannot be true. */
  believed: z.boolean(),
  /** The input holds about as many tokens as its bytes let expect, so that the next count may stand on it. */
  usual: z.boolean(),
  /** The request held no fewer tokens than these. */
  leastInputTokens: z.number(),
});
export type Counted = z.infer<typeof countedSchema>;

const answerSchema = z.strictObject(answerShape);
const recordedSchema = z.strictObject({ ...answerShape, counted: countedSchema.optional() });
/** An answer whose usage is the one that was booked. */
export type BookedAnswer = ChatAnswer & z.infer<typeof answerSchema>;

export interface Recorded {
  readonly answer: BookedAnswer;
  /** Undefined in the rows of earlier versions. */
  readonly counted: Counted | undefined;
}

export function recordAnswer(answer: BookedAnswer, counted: Counted): string {
  return JSON.stringify({ ...answer, counted });
}

/** @throws StopError `STATE_TAMPERED` when the journal holds something else. */
export function readRecorded(result: string, key: string): Recorded {
  try {
    const { counted, ...answer } = recordedSchema.parse(JSON.parse(result));
    return { answer, counted };
  } catch (error) {
    throw new StopError('STATE_TAMPERED', `journal ${key}: the recorded answer cannot be read`, { cause: error });
  }
}
