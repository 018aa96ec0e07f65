/** The file of an offline scenario: which canned reply answers which call. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { toError, UsageError } from '../domain/errors.ts';
import { ROLE_TABLE, ROLES, type Role } from '../domain/roles.ts';

const toolSchema = z.strictObject({
  name: z.string().min(1),
  /** An object is sent as JSON; a string is sent as it is, so that a malformed call can be told. */
  arguments: z.union([z.record(z.string(), z.unknown()), z.string()]).default({}),
});

const replySchema = z.strictObject({
  role: z.enum(ROLES),
  /** Default: the role's own; a sub-agent's is its id. */
  agent: z.string().min(1).optional(),
  attempt: z.int().min(1).default(1),
  call: z.int().min(1).default(1),
  /** Also answers every later call of this agent and attempt that has no reply of its own. */
  repeat: z.boolean().default(false),
  text: z.string().optional(),
  /** The text, from a file beside the script. */
  contentFile: z.string().min(1).optional(),
  tools: z.array(toolSchema).default([]),
  /** Any numbers, also absurd ones: a script can tell a lying endpoint. */
  usage: z.strictObject({ input: z.number(), output: z.number(), cachedInput: z.number().optional() }).optional(),
  delayMs: z.int().min(0).max(3_600_000).default(0),
  finish: z.enum(['stop', 'tool_calls', 'length', 'refusal']).optional(),
});

const scriptSchema = z.strictObject({ version: z.literal(1), replies: z.array(replySchema).min(1) });

/** A reply with every file already read. */
export interface Reply {
  readonly role: Role;
  readonly agent: string;
  readonly attempt: number;
  readonly call: number;
  readonly repeat: boolean;
  readonly text: string;
  readonly tools: readonly { readonly name: string; readonly arguments: string }[];
  readonly usage: { readonly input: number; readonly output: number; readonly cachedInput?: number | undefined } | undefined;
  readonly delayMs: number;
  readonly finish: 'stop' | 'tool_calls' | 'length' | 'refusal' | undefined;
}

export interface Script {
  readonly file: string;
  readonly replies: readonly Reply[];
}

/**
 * Reads a script in YAML or JSON. `{ $file: "path" }` anywhere in arguments becomes that file's text; paths are relative to
 * the script.
 * @throws UsageError naming the file and the key.
 */
export async function loadScript(file: string): Promise<Script> {
  let value: unknown;
  try {
    value = parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`script ${file}: ${toError(error).message}`);
  }
  const parsed = scriptSchema.safeParse(value);
  if (!parsed.success) throw new UsageError(`script ${file}: ${z.prettifyError(parsed.error)}`);
  const read = (path: string): Promise<string> =>
    readFile(resolve(dirname(file), path), 'utf8').catch((error: unknown) => {
      throw new UsageError(`script ${file}: file ${JSON.stringify(path)}: ${toError(error).message}`);
    });
  const replies = await Promise.all(parsed.data.replies.map((reply) => readReply(file, reply, read)));
  const seen = new Set<string>();
  for (const { role, agent, attempt, call } of replies) {
    const key = `role ${role}, agent ${agent}, attempt ${attempt}, call ${call}`;
    if (seen.has(key)) throw new UsageError(`script ${file}: two replies for ${key}`);
    seen.add(key);
  }
  return { file, replies };
}

async function readReply(file: string, reply: z.infer<typeof replySchema>, read: (path: string) => Promise<string>): Promise<Reply> {
  const { contentFile, agent, text, tools, usage, finish, ...rest } = reply;
  if (text !== undefined && contentFile !== undefined) throw new UsageError(`script ${file}: a reply has either text or contentFile`);
  const named = agent ?? ROLE_TABLE[rest.role].agent;
  if (named === null)
    throw new UsageError(`script ${file}: the reply for role ${rest.role}, call ${rest.call} must name its agent, such as w1.1`);
  return {
    ...rest,
    agent: named,
    text: contentFile === undefined ? (text ?? '') : await read(contentFile),
    tools: await Promise.all(
      tools.map(async (tool) => ({
        name: tool.name,
        arguments: typeof tool.arguments === 'string' ? tool.arguments : JSON.stringify(await filled(tool.arguments, read)),
      })),
    ),
    usage,
    finish,
  };
}

async function filled(value: unknown, read: (path: string) => Promise<string>): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((member) => filled(member, read)));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === '$file' && typeof first[1] === 'string') return read(first[1]);
  return Object.fromEntries(await Promise.all(entries.map(async ([key, member]) => [key, await filled(member, read)] as const)));
}
