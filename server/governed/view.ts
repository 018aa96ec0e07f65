/** A governed thread's values for people who look with a chat page or Studio: its notes, and what was said at its gates, as messages. */
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

/** Something that a person said at a gate, or that ended the thread, with its answer. */
export interface Remark {
  readonly id: string;
  /** The gate's stage and number: it stands before the note that tells what became of the gate. */
  readonly stage: string;
  readonly gate: number;
  /** Undefined: nobody said anything, something is only told. */
  readonly said?: string | undefined;
  readonly answer: string;
}

/**
 * The values with `messages`: the goal as the person's, and one message per stage and attempt. `next` are the stages that a state has
 * before it: what was said at another gate came later. Anything else comes back as it is.
 */
export function governedValues(values: unknown, remarks: readonly Remark[] = [], next?: readonly string[]): unknown {
  const parsed = seen.safeParse(values);
  if (!parsed.success || parsed.data.goal === '') return values;
  const { goal, notes } = parsed.data;
  const told = (stage: string, gate: number): boolean => notes.some((note) => note.stage === stage && note.attempt === gate);
  const messages: ChatMessage[] = [
    { type: 'human', id: 'goal', content: goal },
    ...notes.flatMap(({ stage, attempt, text }) => [
      ...remarks.filter((remark) => remark.stage === stage && remark.gate === attempt).flatMap(remarkMessages),
      // A chat page shows no names: the text itself says which stage speaks.
      { type: 'ai' as const, id: `${stage}-${attempt}`, name: stage, content: cut(`**${stage} ${attempt}:** ${text}`, MAX_NOTE_BYTES) },
    ]),
    ...remarks.filter(({ stage, gate }) => !told(stage, gate) && next?.includes(stage) !== false).flatMap(remarkMessages),
  ];
  return { ...parsed.data, messages };
}

function remarkMessages({ id, stage, said, answer }: Remark): ChatMessage[] {
  return [
    ...(said === undefined ? [] : [{ type: 'human' as const, id, content: said }]),
    { type: 'ai', id: `${id}-answer`, name: stage, content: `**${stage}:** ${answer}` },
  ];
}

/** At most so many UTF-8 bytes, and never half a character. */
export function cut(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  const kept = whole.subarray(0, Math.max(0, bytes - 3)).toString('utf8');
  return `${kept.replace(/\uFFFD+$/, '')}...`;
}
