/** A governed thread's values for people who look with a chat page or Studio: its notes as messages. */
import { z } from 'zod';

/** Longest message made from a note, in UTF-8 bytes. */
const MAX_NOTE_BYTES = 2048;

const seen = z.looseObject({
  goal: z.string().default(''),
  notes: z.array(z.looseObject({ stage: z.string(), attempt: z.number(), text: z.string() })).default([]),
});

interface ChatMessage {
  readonly type: 'human' | 'ai';
  readonly id: string;
  readonly name?: string;
  readonly content: string;
}

/** The values with `messages`: the goal as the person's, and one message per stage and attempt. Anything else comes back as it is. */
export function governedValues(values: unknown): unknown {
  const parsed = seen.safeParse(values);
  if (!parsed.success || parsed.data.goal === '') return values;
  const { goal, notes } = parsed.data;
  const messages: ChatMessage[] = [
    { type: 'human', id: 'goal', content: goal },
    ...notes.map(({ stage, attempt, text }) => ({
      type: 'ai' as const,
      id: `${stage}-${attempt}`,
      name: stage,
      content: cut(text, MAX_NOTE_BYTES),
    })),
  ];
  return { ...parsed.data, messages };
}

/** At most so many UTF-8 bytes, and never half a character. */
export function cut(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  const kept = whole.subarray(0, Math.max(0, bytes - 3)).toString('utf8');
  return `${kept.replace(/\uFFFD+$/, '')}...`;
}
