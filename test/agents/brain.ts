/** A deterministic agent behind a model endpoint: it reads the conversation, and nothing else, and answers with its next call. */
import { z } from 'zod';
import type { Recorded, Turn, TurnCall } from '../dialects/server.ts';

/** What an agent is and is given, as the request says it. */
export interface Asked {
  readonly role: string;
  readonly attempt: number;
  /** The words of the system and the first user message: the goal stands in them. */
  readonly brief: string;
  /** The argument names of each tool that it is offered. */
  readonly tools: ReadonlyMap<string, readonly string[]>;
}

/** Yields its calls one by one and is given the result of each; the same results make the same calls. */
export type Thinking = Generator<TurnCall, void, string>;
export type Brain = (asked: Asked) => Thinking;

const bodySchema = z.looseObject({
  messages: z.array(
    z.looseObject({
      role: z.string(),
      content: z.unknown(),
      tool_call_id: z.string().optional(),
      tool_calls: z
        .array(z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
        .optional(),
    }),
  ),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string(), parameters: z.looseObject({}) }) })).default([]),
});
type Body = z.infer<typeof bodySchema>;

/** The turns of an imitation of chat completions: the brain is gone through anew from the conversation, so a lost answer changes nothing. */
export const turnsBy =
  (brain: Brain) =>
  (_nth: number, recorded: Recorded): Turn => {
    const body = bodySchema.parse(recorded.body);
    const thinking = brain(askedOf(body, recorded.headers));
    let next = thinking.next();
    for (const { name, result } of doneOf(body)) {
      if (next.done === true || next.value.name !== name)
        throw new Error(`the conversation has ${name}, the brain calls ${next.done === true ? 'nothing' : next.value.name}`);
      next = thinking.next(result);
    }
    return next.done === true ? { text: 'I have nothing more to do.' } : { text: `I call ${next.value.name}.`, calls: [next.value] };
  };

/** Calls that were answered, in order. A call of an earlier request whose answer never came is made again. */
function doneOf({ messages }: Body): { name: string; result: string }[] {
  const results = new Map(
    messages.flatMap((message) => (message.tool_call_id === undefined ? [] : [[message.tool_call_id, textOf(message.content)]])),
  );
  return messages.flatMap(({ tool_calls: calls = [] }) =>
    calls.map((call) => {
      const result = results.get(call.id);
      if (result === undefined) throw new Error(`call ${call.id} has no result`);
      return { name: call.function.name, result };
    }),
  );
}

function askedOf({ messages, tools }: Body, headers: Recorded['headers']): Asked {
  const opening = messages.slice(0, messages.findIndex((message) => message.role === 'assistant') >>> 0);
  return {
    role: headers['x-governor-role'] ?? '',
    attempt: Number(headers['x-governor-attempt']),
    brief: opening.map((message) => textOf(message.content)).join('\n\n'),
    tools: new Map(tools.map(({ function: { name, parameters } }) => [name, Object.keys(Object(parameters['properties']))])),
  };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((part: unknown) => String(Object(part)['text'] ?? '')).join('') : '';
}
