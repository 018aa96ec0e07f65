/** THE TOOL DOOR: permission for this role, budget, journal, sandboxed execution, output cap, redaction, audit. */

import { type Role, roleHasTool } from '../domain/access.ts';
import type { AuditEntry } from '../domain/audit.ts';
import { type Account, ZERO } from '../domain/budget.ts';
import { FencedError, RefusedError, StopError, toError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import { delegateSchema } from '../domain/handoff.ts';
import { digestOf } from '../domain/ids.ts';
import type { Audit, Clock, Effects, Fence, ToolCall, TranscriptRow } from '../domain/ports.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import { rowOf } from '../domain/transcript.ts';
import { matcher } from './globs.ts';
import { isGraphInterruptLike } from './graph-interrupt.ts';
import { type Tool, type ToolContext, ToolFailure } from './tool.ts';
import { judgedSchema, TOOLS } from './toolbox.ts';

/** `code`: refused, on the record, but not a broken contract. */
export type HandoffOutcome = { readonly ok: boolean; readonly content: string; readonly code?: ReasonCode };

export interface ToolRequest {
  readonly fence: Fence;
  readonly stage: string;
  readonly attempt: number;
  readonly agent: string;
  readonly role: Role;
  /** The configuration's narrowing of the role's tools. */
  readonly allowed: readonly string[] | undefined;
  /** Globs that a sub-agent may write; undefined: anywhere. */
  readonly writable?: readonly string[] | undefined;
  /** The transcript's head before this call. */
  readonly parent: string;
  /** The place of this call in its answer, from 1. */
  readonly ordinal: number;
  readonly call: ToolCall;
  readonly accounts: readonly Account[];
  readonly context: ToolContext;
  readonly handoff: (name: string, input: unknown) => Promise<HandoffOutcome>;
}

export interface ToolAnswer {
  readonly row: TranscriptRow;
  /** `delegated`: the answer comes later, when the sub-agents have ended; its row is the caller's to append. */
  readonly outcome: 'ok' | 'error' | 'refused' | 'invalid' | 'handed-over' | 'delegated';
  readonly code?: ReasonCode;
  /** How many tasks were delegated. */
  readonly tasks?: number;
  /** The work tree after an effect. */
  readonly tree?: string;
}

export interface ToolDoor {
  /** Appends nothing for a call it turned away (`refused` or `invalid` before it ran): its row is the caller's to append. */
  call(request: ToolRequest): Promise<ToolAnswer>;
}

/** Cap of one result, in bytes; head and tail are kept. */
const RESULT_BYTES = 64 * 1024;

type Judged = { readonly outcome: ToolAnswer['outcome']; readonly content: string; readonly code?: ReasonCode };

export function createToolDoor(parts: { effects: Effects; audit: Audit; clock: Clock; redact: (text: string) => string }): ToolDoor {
  const { effects, audit, redact } = parts;
  /** The last known tree of each work tree; forgotten whenever somebody else may have changed it. */
  const trees = new WeakMap<object, string>();

  const entry = (request: ToolRequest, action: string, more: Partial<AuditEntry> & { facts: Record<string, unknown> }): AuditEntry => ({
    threadId: request.fence.threadId,
    actor: `agent:${request.agent === '-' ? request.role : request.agent}`,
    action,
    stage: request.stage,
    attempt: request.attempt,
    ...more,
    facts: { tool: request.call.name.slice(0, 64), ...more.facts },
  });
  const answer = (request: ToolRequest, judged: Judged): ToolAnswer => ({
    row: rowOf(request.parent, request.agent, {
      role: 'tool',
      toolCallId: request.call.id,
      toolName: request.call.name,
      content: judged.content,
    }),
    outcome: judged.outcome,
    ...(judged.code === undefined ? {} : { code: judged.code }),
  });

  const execute = async (request: ToolRequest, tool: Tool, input: unknown): Promise<Judged> => {
    try {
      return { outcome: 'ok', content: await tool.execute(input, request.context) };
    } catch (thrown) {
      if (isGraphInterruptLike(thrown) || thrown instanceof StopError || thrown instanceof FencedError || request.context.signal.aborted)
        throw thrown;
      if (thrown instanceof RefusedError) return refused(thrown.code, thrown.message);
      const error = toError(thrown) as NodeJS.ErrnoException; // node's file errors carry a code
      if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
        throw new StopError('DISK_LIMIT', `${tool.name}: ${error.message}`, { cause: error });
      if (error.code === 'ELOOP' || error.code === 'EXDEV') return refused('PATH_DENIED', `${tool.name}: a link is in the way`);
      if (thrown instanceof ToolFailure || error.code !== undefined)
        return { outcome: 'error', content: JSON.stringify({ error: error.message.replaceAll(/\/proc\/self\/fd\/\d+\//g, '') }) };
      throw error;
    }
  };

  const perform = async (request: ToolRequest, tool: Tool | undefined, input: unknown): Promise<ToolAnswer> => {
    const { call, fence, context } = request;
    const workTree = context.workTree;
    const treeNow = async (): Promise<string> => {
      const known = trees.get(workTree);
      if (known !== undefined) return known;
      const tree = await workTree.snapshot();
      trees.set(workTree, tree);
      return tree;
    };
    const before = tool === undefined ? undefined : await treeNow();
    const effect = {
      key: digestOf({
        thread: fence.threadId,
        stage: request.stage,
        attempt: request.attempt,
        agent: request.agent,
        parent: request.parent,
        ordinal: request.ordinal,
        kind: 'tool',
      }),
      kind: 'tool' as const,
      stage: request.stage,
      attempt: request.attempt,
      agent: request.agent,
      role: request.role,
      requestHash: digestOf({ name: call.name, arguments: call.arguments }),
    };
    const start = await effects.start(fence, effect, {
      reserve: { accounts: request.accounts, amounts: { ...ZERO, toolCalls: 1 } },
      ...(before === undefined ? {} : { before }),
      audit: entry(request, 'tool-call', { facts: subjectOf(call, input) }),
    });
    if (start.kind === 'refused')
      return {
        ...answer(request, refused('BUDGET_REFUSED', `no tool call is left: ${start.refusal.used} of ${start.refusal.limit} are used`)),
        code: 'STEP_LIMIT',
      };
    if (start.kind === 'done') {
      if (start.after !== null && start.after !== before) {
        await workTree.restore(start.after);
        trees.set(workTree, start.after);
      }
      const recorded = JSON.parse(start.result) as Judged; // written below
      return {
        ...answer(request, recorded),
        ...tasksIn(recorded, input),
        ...(start.after === null ? {} : { tree: start.after }),
      };
    }
    if (start.kind === 'interrupted' && start.before !== null && tool?.effect === true) {
      await workTree.restore(start.before);
      trees.set(workTree, start.before);
    }
    let judged: Judged;
    try {
      if (tool?.effect === true) trees.delete(workTree);
      failpoint(`tool:${call.name}:begin`);
      judged = tool === undefined ? await handOver(request, input) : await execute(request, tool, input);
    } catch (error) {
      if (!(error instanceof FencedError))
        await effects.fail(fence, effect.key, { actual: { ...ZERO, toolCalls: 1 } }).catch(() => undefined);
      throw error;
    }
    failpoint(`tool:${call.name}:done`);
    judged = { ...judged, content: redact(capped(judged.content)) };
    const after = tool?.effect === true ? await treeNow() : undefined;
    const result = answer(request, judged);
    const facts = {
      outcome: judged.outcome,
      bytes: Buffer.byteLength(judged.content),
      ...tasksIn(judged, input),
      ...(after === undefined || after === before ? {} : { tree: after }),
    };
    await effects.finish(fence, effect.key, {
      result: JSON.stringify(judged),
      ...(after === undefined ? {} : { after }),
      actual: { ...ZERO, toolCalls: 1 },
      rows: judged.outcome === 'delegated' ? [] : [result.row],
      audit: [
        entry(request, judged.outcome === 'refused' ? 'tool-refused' : 'tool-result', {
          ...(judged.code === undefined ? {} : { code: judged.code }),
          facts,
        }),
      ],
    });
    return { ...result, ...tasksIn(judged, input), ...(after === undefined ? {} : { tree: after }) };
  };

  const handOver = async (request: ToolRequest, input: unknown): Promise<Judged> => {
    const judged = await request.handoff(request.call.name, input);
    if (judged.code !== undefined) return refused(judged.code, judged.content);
    if (!judged.ok) return { outcome: 'invalid', content: judged.content };
    return { outcome: request.call.name === 'delegate' ? 'delegated' : 'handed-over', content: judged.content };
  };

  const turnAway = async (request: ToolRequest, judged: Judged): Promise<ToolAnswer> => {
    const masked = { ...judged, content: redact(judged.content) };
    const result = answer(request, masked);
    await audit.append(
      entry(request, 'tool-refused', { code: judged.code ?? 'CONTRACT_VIOLATION', facts: { message: masked.content.slice(0, 500) } }),
    );
    return result;
  };

  const call = async (request: ToolRequest): Promise<ToolAnswer> => {
    const { role } = request;
    const { name, arguments: text } = request.call;
    const judged = judgedSchema(name);
    const tool = TOOLS.find((candidate) => candidate.name === name);
    if (tool === undefined && judged === undefined)
      return turnAway(request, {
        ...refused('CONTRACT_VIOLATION', `there is no tool ${JSON.stringify(name.slice(0, 64))}`),
        outcome: 'invalid',
      });
    const narrowed = !name.startsWith('submit_') && request.allowed !== undefined && !request.allowed.includes(name);
    if (role === 'worker' && name === 'delegate') return turnAway(request, refused('DEPTH_EXCEEDED', 'a sub-agent may not delegate'));
    if (!roleHasTool(role, name) || narrowed) return turnAway(request, refused('CONTRACT_VIOLATION', `the ${role} may not use ${name}`));
    const parsed = parse(text, tool?.schema ?? judged);
    if (parsed.kind === 'bad') return turnAway(request, { outcome: 'invalid', content: JSON.stringify({ error: parsed.problem }) });
    const outside = pathOutside(request, tool, parsed.value);
    if (outside !== undefined)
      return turnAway(
        request,
        refused('OUT_OF_SCOPE', `${outside}: this task may write ${request.writable?.join(', ') ?? 'nothing'} alone`),
      );
    return perform(request, tool, parsed.value);
  };
  return { call };
}

const refused = (code: ReasonCode, message: string): Judged => ({
  outcome: 'refused',
  content: JSON.stringify({ refused: { code, message } }),
  code,
});

function parse(text: string, schema: Tool['schema'] | undefined): { kind: 'ok'; value: unknown } | { kind: 'bad'; problem: string } {
  let raw: unknown;
  try {
    raw = JSON.parse(text === '' ? '{}' : text);
  } catch (error) {
    return { kind: 'bad', problem: `arguments are not JSON: ${toError(error).message}` };
  }
  const result = schema?.safeParse(raw);
  if (result === undefined || result.success) return { kind: 'ok', value: raw };
  return {
    kind: 'bad',
    problem: result.error.issues
      .slice(0, 10)
      .map((issue) => `${issue.path.join('.') || '(arguments)'}: ${issue.message}`)
      .join('; '),
  };
}

const tasksIn = (judged: Judged, input: unknown): { tasks?: number } =>
  judged.outcome === 'delegated' ? { tasks: delegateSchema.parse(input).tasks.length } : {};

/** The path that a file tool would write although its task does not name it. What commands write is judged at the task's end. */
function pathOutside(request: ToolRequest, tool: Tool | undefined, input: unknown): string | undefined {
  if (request.writable === undefined || tool?.effect !== true || input === null || typeof input !== 'object' || !('path' in input))
    return undefined;
  const path = String(input.path).replace(/^(\.\/)+/, '');
  return matcher(request.writable)(path) ? undefined : path;
}

/** What an audit record says of a call: its path or argv, and the digest of all arguments. */
function subjectOf(call: ToolCall, input: unknown): Record<string, unknown> {
  const fields = input !== null && typeof input === 'object' ? (input as Record<string, unknown>) : {}; // parsed JSON
  const shown = ['path', 'argv', 'shell', 'pattern'].flatMap((name) =>
    Object.hasOwn(fields, name) ? [[name, JSON.stringify(fields[name]).slice(0, 300)]] : [],
  );
  return { ...Object.fromEntries(shown), arguments: digestOf(call.arguments).slice(0, 16) };
}

function capped(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= RESULT_BYTES) return text;
  const half = RESULT_BYTES / 2;
  return `${bytes.subarray(0, half).toString('utf8')}\n[${bytes.length - RESULT_BYTES} bytes left out]\n${bytes.subarray(bytes.length - half).toString('utf8')}`;
}
