/** What an agent does with an answer of its model: the calls of it, in order. Budget, policy and audit live in the doors. */
import { StopError } from '../domain/errors.ts';
import type { ToolCall, TranscriptRow } from '../domain/ports.ts';
import { type Answered, type Called, lastChance, NO_WARNING, progressAfter } from '../domain/progress.ts';
import { hasWords } from '../domain/resume.ts';
import type { ToolAnswer, ToolRequest } from '../tools/door/request.ts';
import { maskedPatch } from '../tools/masked-patch.ts';
import { readableLines } from '../tools/text/encoding.ts';
import type { ToolContext } from '../tools/tool.ts';
import { type AgentSpec, accountsOf, allowedTo, append, auditBase, depthLeft, signalOf, whereabouts } from './agent-spec.ts';
import { addressed, isLean, LEAN_MARK, modelSaid } from './notes.ts';
import { showsOf } from './pictures.ts';
import type { AgentState } from './state.ts';
import { countInvalid, refuse } from './turned-away.ts';
import { COMMAND_OUTPUT_BYTES, COMMAND_TIMEOUT_MS } from './working-conditions.ts';

/** Executes the calls of the newest answer in order and appends their results. */
export async function actOnCalls(spec: AgentSpec, state: AgentState): Promise<AgentState> {
  const { session } = spec;
  const answerId = state.head ?? '';
  const rows = await session.stores.transcripts.chain(session.facts.threadId, answerId);
  const message = rows.at(-1)?.message;
  if (message?.role !== 'assistant') throw new StopError('STATE_TAMPERED', `transcript ${answerId}: an answer was expected at its head`);
  let next: AgentState = { ...state, phase: 'model' };
  let invalid: string | undefined;
  const called: Called[] = [];
  const context = await contextOf(spec, rows);
  for (const [index, call] of delegateLast(message.toolCalls)) {
    signalOf(spec).throwIfAborted();
    const misplaced = whyMisplaced(message.toolCalls, index);
    if (misplaced !== undefined) {
      next = { ...next, head: (await refuse(spec, next.head, call, misplaced)).id };
      continue;
    }
    const done = await session.doors.tool.call(requestOf(spec, next.head, { call, ordinal: index + 1, context }));
    const result = done.outcome === 'delegated' ? '' : contentOf(done.row);
    called.push({ name: call.name, arguments: call.arguments, outcome: done.outcome, result, before: next.tree ?? '', after: done.tree });
    if (done.outcome === 'refused' || done.outcome === 'invalid') await session.stores.transcripts.append(session.facts.fence, [done.row]);
    next = afterCall(spec, next, done, { call, answerId });
    if (done.outcome === 'handed-over') return next;
    if (done.outcome === 'invalid' && call.name.startsWith('submit_')) invalid = `${call.name}: ${result.slice(0, 300)}`;
  }
  if (invalid !== undefined && next.phase !== 'delegate') return countInvalid(spec, next, true, invalid);
  return judgeProgress(spec, state, next, { calls: called, forgot: forgotBefore(rows), idleLimit: session.facts.limits.idleAnswers });
}

/** Why a call may not stand where it stands among the calls of its answer. */
function whyMisplaced(calls: readonly ToolCall[], index: number): string | undefined {
  const name = calls[index]?.name ?? '';
  if (name === 'delegate' && calls.findIndex((call) => call.name === 'delegate') < index)
    return 'one delegate an answer: put all tasks into one call';
  if (name.startsWith('submit_') && calls.length > 1) return 'a hand-over must be the only call of its answer';
  return undefined;
}

/** What the tools of this agent work with. */
async function contextOf(spec: AgentSpec, rows: readonly TranscriptRow[]): Promise<ToolContext> {
  const { facts, places, doors } = spec.session;
  const { links, scratch } = await places.mounts();
  return {
    workTree: spec.workTree,
    folder: spec.workTree.folder,
    sandbox: places.sandbox,
    links,
    scratch,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    outputBytes: COMMAND_OUTPUT_BYTES,
    signal: signalOf(spec),
    redact: (text) => doors.redact(text),
    difference: async (path) => {
      const from = await places.repository.treeOf(spec.base ?? facts.request.base);
      const trees = { from, to: await spec.workTree.current(), of: { path, binary: false } };
      return readableLines(await maskedPatch(places.repository, trees, (text) => doors.redact(text)));
    },
    sees: await sightOf(spec, rows),
    quickChecks: facts.config.checks.flatMap(({ id, onEdit }) => (onEdit === undefined ? [] : [{ id, ...onEdit }])),
  };
}

/** What one of its models can be shown, for any of them may be the next to be asked. */
async function sightOf(spec: AgentSpec, rows: readonly TranscriptRow[]): Promise<ToolContext['sees']> {
  const chosen = await spec.session.doors.modelFor(spec.role, isLean(rows), modelSaid(spec, rows));
  const seeing = [chosen, ...chosen.fallbacks].filter(({ model }) => model.sight !== undefined);
  return seeing.length === 0 ? undefined : (picture) => seeing.some(({ model }) => showsOf(model)(picture));
}

function requestOf(spec: AgentSpec, head: string | null, one: Pick<ToolRequest, 'call' | 'ordinal' | 'context'>): ToolRequest {
  const { facts } = spec.session;
  return {
    fence: facts.fence,
    stage: spec.stage,
    attempt: spec.attempt,
    agent: spec.agent,
    role: spec.role,
    allowed: allowedTo(spec),
    depthLeft: depthLeft(spec),
    writable: spec.writable,
    parent: head ?? '',
    accounts: accountsOf(spec),
    handoff: spec.handoff,
    ...one,
  };
}

/** Where the agent stands after a call. @throws StopError `STEP_LIMIT` when no tool call is left. */
function afterCall(spec: AgentSpec, before: AgentState, done: ToolAnswer, of: { call: ToolCall; answerId: string }): AgentState {
  if (done.outcome === 'delegated') {
    const delegation = { callId: of.call.id, answer: of.answerId, tasks: done.tasks ?? 0 };
    return { ...before, phase: 'delegate', delegation, invalid: 0 };
  }
  if (done.outcome === 'refused' && done.code !== undefined && STOPPING.has(done.code))
    throw new StopError(
      'STEP_LIMIT',
      `${spec.role}: all ${spec.session.facts.limits.toolCalls} tool calls of the run are used (limits.toolCalls)`,
      whereabouts(spec),
    );
  const next = { ...before, head: done.row.id, tree: done.tree ?? before.tree };
  if (done.outcome === 'handed-over') return { ...next, phase: 'done', invalid: 0, submission: of.call.arguments };
  return done.outcome === 'invalid' ? next : { ...next, invalid: 0 };
}

/** The calls with their places, in order, `delegate` after the others (`docs/contract.md`, "What a model sees"). */
function delegateLast(calls: readonly ToolCall[]): [number, ToolCall][] {
  const placed = [...calls.entries()];
  return [...placed.filter(([, call]) => call.name !== 'delegate'), ...placed.filter(([, call]) => call.name === 'delegate')];
}

const STOPPING: ReadonlySet<string> = new Set(['STEP_LIMIT', 'BUDGET_EXHAUSTED']);

/** Was the agent's context compacted just before its newest answer? */
function forgotBefore(rows: readonly TranscriptRow[]): boolean {
  const since = rows.findLastIndex((row, index) => index < rows.length - 1 && row.message.role === 'assistant');
  return rows.slice(since + 1).some((row) => String(row.message.role) === 'compaction');
}

/** Told why and to change its strategy, then lean, then stopped: what an answer that leads nowhere comes to. */
async function judgeProgress(spec: AgentSpec, before: AgentState, next: AgentState, answered: Answered): Promise<AgentState> {
  const { progress, verdict } = progressAfter(before.progress, answered);
  const judged = { ...next, progress };
  if (verdict.kind === 'on') return judged;
  // While sub-agents work there is nobody to tell: it counts as no warning.
  if (next.phase === 'delegate') return { ...judged, progress: { ...progress, warned: before.progress.warned } };
  const who = spec.agent === '-' ? spec.role : spec.agent;
  if (verdict.step === 3) {
    const lifted = addressed(spec).filter((resume) => resume.head === next.head);
    if (lifted.length === 0)
      throw new StopError(
        'NO_PROGRESS',
        `${who} gets nowhere, after a warning and with the lean model: ${verdict.why}`,
        whereabouts(spec, next.head),
      );
    return { ...judged, progress: lifted.some(hasWords) ? NO_WARNING : lastChance(progress) };
  }
  const lean = verdict.step === 2;
  await spec.session.stores.audit.append({
    ...auditBase(spec),
    actor: 'governor',
    action: lean ? 'lean-start' : 'no-progress',
    facts: { role: spec.role, agent: spec.agent, why: verdict.why },
  });
  const content = lean
    ? `${LEAN_MARK} you still get nowhere (${verdict.why}). Do the least that meets the goal, by yourself. The next time this ends.`
    : `You are not getting anywhere: ${verdict.why}. Stop and change your strategy: say to yourself what you know, what you tried and why it failed, then do something else. If it cannot be done, hand over and say so.`;
  return { ...judged, head: (await append(spec, next.head, { role: 'user', content })).id };
}

const contentOf = (row: TranscriptRow): string => row.message.content;
