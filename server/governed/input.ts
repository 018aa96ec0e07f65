/** What a governed thread can be started with: a goal and a repository, or a chat whose last human message is the goal. */
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Caller } from '../auth/caller.ts';
import { parse } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';

export type GovernedInput =
  | { readonly kind: 'goal'; readonly goal: string; readonly repo: string | undefined }
  /** A chat. CopilotKit sends the values that it knows of the thread beside it, which say no more than the thread does. */
  | { readonly kind: 'message'; readonly text: string; readonly goal: string | undefined; readonly repo: string | undefined };

const blocks = z.array(z.looseObject({ type: z.literal('text'), text: z.string() }));
const message = z.looseObject({ type: z.string().optional(), role: z.string().optional(), content: z.unknown().optional() });
const startSchema = z.strictObject({ goal: z.string(), repo: z.string().optional() });
const chatSchema = z.strictObject({
  messages: z.union([z.array(message), message]),
  goal: z.string().optional(),
  repo: z.string().optional(),
  // Of the page, for graphs that call them (`@ag-ui/langgraph`, which always sends it): no agent here does.
  tools: z.array(z.unknown()).optional(),
  // Of Agent Chat UI: what its artifacts say of themselves.
  context: z.unknown().optional(),
  'ag-ui': z.unknown().optional(),
  copilotkit: z.unknown().optional(),
});

/** @throws Problem 422 naming the field. */
export function parseInput(input: unknown): GovernedInput {
  if (typeof input !== 'object' || input === null || !('messages' in input)) {
    const { tools: _tools, ...start } = Object(input) as Record<string, unknown>; // whatever was sent
    const { goal, repo } = parse(startSchema, start, 'input') as z.output<typeof startSchema>; // parsed by this schema
    return { kind: 'goal', goal, repo };
  }
  const { messages, goal, repo } = parse(chatSchema, input, 'input') as z.output<typeof chatSchema>; // parsed by this schema
  const human = [messages]
    .flat()
    .findLast((one) => one.type === 'human' || one.type === 'user' || one.role === 'user' || one.role === 'human');
  if (human === undefined && goal !== undefined) return { kind: 'goal', goal, repo };
  if (human === undefined) throw new Problem(422, 'input.messages: none of them is a human message');
  return { kind: 'message', text: textOf(human.content), goal, repo };
}

/** @throws Problem 422 */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts = blocks.safeParse(content);
  if (!parts.success) throw new Problem(422, 'input.messages: the last human message must be text');
  return parts.data.map((part) => part.text).join('\n');
}

/** The path that a word names on this server, or the only one there is. @throws Problem 403, 422. */
export function repositoryFor(runtime: Runtime, caller: Caller, word: string | undefined): string {
  const named = runtime.operator?.repositories;
  if (named !== undefined) {
    const names = Object.keys(named);
    const [only] = names;
    const name = word ?? (names.length === 1 ? only : undefined);
    if (name !== undefined && Object.hasOwn(named, name)) return named[name] ?? name;
    throw new Problem(
      422,
      name === undefined
        ? `input.repo: is needed; this server has ${names.length} repositories, send { "goal", "repo" }`
        : `input.repo: ${JSON.stringify(name)} is not a repository of this server; it has ${names.join(', ') || 'none'}`,
    );
  }
  if (word === undefined) throw new Problem(422, 'input.repo: is needed; operator.yaml names no repository, send { "goal", "repo" }');
  if (!caller.person.alone)
    throw new Problem(
      403,
      `input.repo: ${caller.person.id} may only name repositories of operator.yaml, and it lists none (repositories: { name: path })`,
    );
  if (!isAbsolute(word)) throw new Problem(422, `input.repo: ${JSON.stringify(word)} must be an absolute path`);
  return resolve(word);
}
