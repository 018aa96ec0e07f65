/** The offline model: canned replies of a script, found by the headers of a request. Keeps no state. */
import { StopError } from '../domain/errors.ts';
import { PICTURE_TYPES } from '../domain/picture.ts';
import type { ChatAnswer, ChatModel, ChatRequest } from '../domain/ports.ts';
import { createInputCount } from './count.ts';
import type { Reply, Script } from './script.ts';
import { sightOf } from './sight.ts';
import { sleep } from './sleep.ts';

/** Rough, and only for display of canned runs; the reservation stays the true bound. */
const BYTES_PER_TOKEN = 4;

interface ScriptedOptions {
  readonly script: Script;
  readonly model: string;
  readonly contextTokens: number;
  /** Default 5 minutes. */
  readonly timeoutMs?: number;
  /** Default: it does not see, whatever its name. */
  readonly vision?: boolean | undefined;
}

/** Every answer says `canned: true`. */
export function createScriptedModel(options: ScriptedOptions): ChatModel {
  const { script, model, vision = false } = options;
  const sight = sightOf({ model, vision }, { name: 'script', pictures: PICTURE_TYPES });
  const countInput = createInputCount(undefined, sight);
  const replies = repliesByAgent(script);
  return {
    provider: 'script',
    model: options.model,
    origin: `script ${options.model}`,
    contextTokens: options.contextTokens,
    timeoutMs: options.timeoutMs ?? 5 * 60_000,
    ...(sight === undefined ? {} : { sight }),
    countInput,
    complete: async (request, signal) => {
      signal.throwIfAborted();
      const reply = findReply(script, replies, request.headers);
      if (reply.delayMs > 0) await sleep(reply.delayMs, signal);
      return toAnswer(reply, request, countInput);
    },
  };
}

const agentKey = (role: string, agent: string, attempt: number): string => `${role} ${agent} ${attempt}`;

/** The replies of one agent in one attempt, in the order of the script. */
function repliesByAgent({ replies }: Script): ReadonlyMap<string, readonly Reply[]> {
  const found = new Map<string, Reply[]>();
  for (const reply of replies) {
    const key = agentKey(reply.role, reply.agent, reply.attempt);
    const own = found.get(key);
    if (own === undefined) found.set(key, [reply]);
    else own.push(reply);
  }
  return found;
}

/** @throws StopError `SCRIPT_MISS` naming role, agent, attempt and call. */
function findReply(script: Script, replies: ReadonlyMap<string, readonly Reply[]>, headers: ChatRequest['headers']): Reply {
  const role = headers['x-governor-role'] ?? '?';
  const agent = headers['x-governor-agent'] ?? '?';
  const attempt = Number(headers['x-governor-attempt']);
  const call = Number(headers['x-governor-call']);
  const own = replies.get(agentKey(role, agent, attempt)) ?? [];
  const found =
    own.find((reply) => reply.call === call) ??
    own.filter((reply) => reply.repeat && reply.call < call).sort((one, other) => other.call - one.call)[0];
  if (found !== undefined) return found;
  throw new StopError('SCRIPT_MISS', `${script.file}: no reply for role ${role}, agent ${agent}, attempt ${attempt}, call ${call}`, {
    facts: { role, agent, attempt, call },
  });
}

function toAnswer(reply: Reply, request: ChatRequest, countInput: ChatModel['countInput']): ChatAnswer {
  const toolCalls = reply.tools.map((tool, index) => ({
    // Unique over a transcript and the same at every replay.
    id: `call_${reply.attempt}_${request.headers['x-governor-call'] ?? '0'}_${index + 1}`,
    name: tool.name,
    arguments: tool.arguments,
  }));
  const outputBytes = Buffer.byteLength(reply.text + toolCalls.map((call) => call.name + call.arguments).join(''));
  const { usage } = reply;
  return {
    text: reply.text,
    toolCalls,
    usage:
      usage === undefined
        ? {
            inputTokens: Math.max(1, Math.ceil(countInput(request) / BYTES_PER_TOKEN)),
            outputTokens: Math.min(request.maxOutputTokens, Math.max(1, Math.ceil(outputBytes / BYTES_PER_TOKEN))),
          }
        : { inputTokens: usage.input, outputTokens: usage.output, cachedInputTokens: usage.cachedInput ?? 0 },
    finish: reply.finish ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    canned: true,
  };
}
