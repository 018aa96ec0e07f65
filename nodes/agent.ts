/** One agent, one step at a time: ask the model, act on what it called. Budget, policy and audit live in the doors. */
import { allowedTools, type Role, roleHasTool, SUBMIT_TOOL } from '../domain/access.ts';
import { type Account, type Caps, type Refusal, usedShare } from '../domain/budget.ts';
import { StopError } from '../domain/errors.ts';
import type { ChatMessage, ToolCall, TranscriptRow } from '../domain/ports.ts';
import { type Answered, type Called, lastChance, NO_WARNING, progressAfter } from '../domain/progress.ts';
import { hasWords, isSaid, type Resume, resumeText } from '../domain/resume.ts';
import { rowOf } from '../domain/transcript.ts';
import type { WorkTree } from '../domain/workspace.ts';
import type { HandoffOutcome } from '../tools/door.ts';
import { toolSpecs } from '../tools/toolbox.ts';
import { agentAccount, runAccount, type Session } from './session.ts';
import type { AgentState } from './state.ts';
import { fitWindow, isAnswered, isSettled } from './window.ts';

export interface AgentSpec {
  readonly session: Session;
  readonly stage: 'plan' | 'build' | 'review_critic';
  readonly attempt: number;
  readonly role: Role;
  /** `lead`, a sub-agent's id, or `-`. */
  readonly agent: string;
  readonly contract: string;
  /** The first message: what this attempt is about. Must be the same on every replay. */
  readonly brief: string;
  readonly workTree: WorkTree;
  /** Judges a hand-over; the text goes back to the model when it is not ok. */
  readonly handoff: (name: string, input: unknown) => Promise<HandoffOutcome>;
  /** Instead of the agent's usual caps. */
  readonly caps?: Caps;
  /** Globs that it may write; default anywhere. */
  readonly writable?: readonly string[] | undefined;
  /** Default: the run's. */
  readonly signal?: AbortSignal;
  /** Hears the number of model calls so far. */
  readonly onStep?: (calls: number) => void;
}

/** Invalid hand-overs in a row that end the attempt (contract section 5). */
const INVALID = 3;
/** Answers cut at the output limit, in a row, that end the attempt. */
const CUTS = 3;

/** The ledger as a tree: run, stage, agent. The stage has no cap of its own; it is there to be seen. */
const accountsOf = (spec: AgentSpec): Account[] => {
  const own = agentAccount(spec.session.limits, spec.stage, spec.attempt, spec.agent);
  return [
    runAccount(spec.session.limits),
    { id: `stage:${spec.stage}`, caps: {} },
    spec.caps === undefined ? own : { id: own.id, caps: spec.caps },
  ];
};

const signalOf = (spec: AgentSpec): AbortSignal => spec.signal ?? spec.session.signal;

const LEAN_MARK = 'The run is now lean:';

/** Runs an agent until it handed over; for agents whose whole attempt is one node. */
export async function runAgent(spec: AgentSpec, from: AgentState): Promise<AgentState> {
  let state = from;
  while (state.phase !== 'done') {
    signalOf(spec).throwIfAborted();
    state = state.phase === 'model' ? await askModel(spec, state) : await actOnCalls(spec, state);
    spec.onStep?.(state.calls);
  }
  return state;
}

/** One model call. */
export async function askModel(spec: AgentSpec, state: AgentState): Promise<AgentState> {
  const { session } = spec;
  const root = rowOf(null, spec.agent, { role: 'user', content: spec.brief });
  let head = state.head;
  if (head === null) {
    await session.transcripts.append(session.fence, [root]);
    head = root.id;
  }
  const ordinal = state.calls + 1;
  let rows = await session.transcripts.chain(session.threadId, head);
  [head, rows] = await hear(spec, head, rows, ordinal);
  const lean = rowOf(head, spec.agent, {
    role: 'user',
    content: `${LEAN_MARK} ${Math.round(session.limits.leanAt * 100)} % of a limit is used. Finish with the least work that meets the goal, by yourself.`,
  });
  if (!isLean(rows) && (await shouldGoLean(spec, head, lean.id, ordinal))) {
    await session.transcripts.append(session.fence, [lean]);
    [head, rows] = [lean.id, [...rows, lean]];
    await session.audit.append({
      ...auditBase(spec),
      actor: 'governor',
      action: 'lean-start',
      facts: { role: spec.role, agent: spec.agent },
    });
    [head, rows] = await hear(spec, head, rows, ordinal);
  }
  const { model, price } = await session.modelFor(spec.role, isLean(rows), modelSaid(spec, rows));
  const tools = toolSpecs(spec.role, allowedTools(session.config.tools, spec.role));
  const maxOutputTokens = Math.min(session.limits.maxOutputTokens, Math.floor(model.contextTokens / 4));
  const previous = lastAsked(rows, state.calls);
  const request = await fitWindow({ spec, rows, ordinal, model, tools, maxOutputTokens, previous });
  const asked = await session.modelDoor.ask({
    fence: session.fence,
    threadId: session.threadId,
    stage: spec.stage,
    attempt: spec.attempt,
    agent: spec.agent,
    role: spec.role,
    parent: request.head,
    ordinal,
    previous,
    call: ordinal,
    model,
    price,
    request: { messages: request.messages, tools, maxOutputTokens },
    accounts: accountsOf(spec),
    signal: signalOf(spec),
  });
  if (asked.kind === 'refused') throw exhausted(spec, asked.refusal);
  const { answer, row } = asked;
  const next: AgentState = { ...state, head: row.id, calls: ordinal };
  if (answer.finish === 'refusal')
    throw new StopError('PROVIDER_REFUSED', `the model refused to answer the ${spec.role}'s call ${ordinal}`, whereabouts(spec, head));
  if (answer.finish === 'length') return cutShort(spec, next, answer.toolCalls);
  if (answer.toolCalls.length > 0) return { ...next, phase: 'tools', cut: 0 };
  const told = await append(spec, row.id, {
    role: 'user',
    content: `Only tool calls count here. Use one of your tools, or hand over with ${SUBMIT_TOOL[spec.role]}.`,
  });
  return countInvalid(spec, { ...next, head: told.id, told: true, cut: 0 }, state.told, 'an answer without a tool call');
}

/** The model call whose answer is the newest in these rows. */
function lastAsked(rows: readonly TranscriptRow[], calls: number): { parent: string | null; ordinal: number } | null {
  const answer = rows.findLast((row) => row.message.role === 'assistant');
  return answer === undefined ? null : { parent: answer.parent, ordinal: calls };
}

/** Executes the calls of the newest answer in order and appends their results. */
export async function actOnCalls(spec: AgentSpec, state: AgentState): Promise<AgentState> {
  const { session } = spec;
  const answerId = state.head ?? '';
  const rows = await session.transcripts.chain(session.threadId, answerId);
  const message = rows.at(-1)?.message;
  if (message?.role !== 'assistant') throw new StopError('STATE_TAMPERED', `transcript ${answerId}: an answer was expected at its head`);
  let next: AgentState = { ...state, phase: 'model' };
  let invalid: string | undefined;
  const called: Called[] = [];
  const mounts = await session.mounts();
  for (const [index, call] of delegateLast(message.toolCalls)) {
    signalOf(spec).throwIfAborted();
    if (call.name === 'delegate' && message.toolCalls.some((other, place) => other.name === 'delegate' && place < index)) {
      next = { ...next, head: (await refuse(spec, next.head, call, 'one delegate an answer: put all tasks into one call')).id };
      continue;
    }
    if (call.name.startsWith('submit_') && message.toolCalls.length > 1) {
      next = { ...next, head: (await refuse(spec, next.head, call, 'a hand-over must be the only call of its answer')).id };
      continue;
    }
    const done = await session.toolDoor.call({
      fence: session.fence,
      stage: spec.stage,
      attempt: spec.attempt,
      agent: spec.agent,
      role: spec.role,
      allowed: allowedTools(session.config.tools, spec.role),
      writable: spec.writable,
      parent: next.head ?? '',
      ordinal: index + 1,
      call,
      accounts: accountsOf(spec),
      context: {
        workTree: spec.workTree,
        folder: spec.workTree.folder,
        sandbox: session.sandbox,
        links: mounts.links,
        scratch: mounts.scratch,
        commandTimeoutMs: COMMAND_TIMEOUT_MS,
        outputBytes: OUTPUT_BYTES,
        signal: signalOf(spec),
      },
      handoff: spec.handoff,
    });
    const result = done.outcome === 'delegated' ? '' : contentOf(done.row);
    called.push({ name: call.name, arguments: call.arguments, outcome: done.outcome, result, before: next.tree ?? '', after: done.tree });
    if (done.outcome === 'refused' || done.outcome === 'invalid') await session.transcripts.append(session.fence, [done.row]);
    if (done.outcome === 'delegated') {
      next = { ...next, phase: 'delegate', delegation: { callId: call.id, answer: answerId, tasks: done.tasks ?? 0 }, invalid: 0 };
      continue;
    }
    next = { ...next, head: done.row.id, tree: done.tree ?? next.tree };
    if (done.outcome === 'refused' && done.code !== undefined && STOPPING.has(done.code))
      throw new StopError(
        'STEP_LIMIT',
        `${spec.role}: all ${session.limits.toolCalls} tool calls of the run are used (limits.toolCalls)`,
        whereabouts(spec),
      );
    if (done.outcome === 'handed-over') return { ...next, phase: 'done', invalid: 0, submission: call.arguments };
    if (done.outcome === 'invalid') {
      if (call.name.startsWith('submit_') || !roleHasTool(spec.role, call.name))
        invalid = `${call.name}: ${contentOf(done.row).slice(0, 300)}`;
    } else next = { ...next, invalid: 0 };
  }
  if (invalid !== undefined && next.phase !== 'delegate') return countInvalid(spec, next, true, invalid);
  return judgeProgress(spec, state, next, { calls: called, forgot: forgotBefore(rows), idleLimit: session.limits.idleAnswers });
}

/** The calls with their places, in order, `delegate` after the others (contract section 5). */
function delegateLast(calls: readonly ToolCall[]): [number, ToolCall][] {
  const placed = [...calls.entries()];
  return [...placed.filter(([, call]) => call.name !== 'delegate'), ...placed.filter(([, call]) => call.name === 'delegate')];
}

/** Longest single command of an agent, in ms. */
const COMMAND_TIMEOUT_MS = 10 * 60_000;
/** Output cap of one command, in bytes per stream. */
const OUTPUT_BYTES = 32 * 1024;
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
  await spec.session.audit.append({
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

function countInvalid(spec: AgentSpec, state: AgentState, counts: boolean, what: string): AgentState {
  const invalid = counts ? state.invalid + 1 : state.invalid;
  if (invalid >= INVALID)
    throw new StopError(
      'CONTRACT_VIOLATION',
      `the ${spec.role} handed over something invalid ${invalid} times in a row; the last: ${what}`,
      whereabouts(spec),
    );
  return { ...state, invalid, phase: 'model' };
}

async function cutShort(spec: AgentSpec, state: AgentState, calls: readonly ToolCall[]): Promise<AgentState> {
  const cut = state.cut + 1;
  if (cut >= CUTS)
    throw new StopError(
      'OUTPUT_TRUNCATED',
      `the ${spec.role}'s answer was cut at the output limit ${cut} times in a row (limits.maxOutputTokens ${spec.session.limits.maxOutputTokens})`,
      whereabouts(spec),
    );
  let head = state.head;
  for (const call of calls) head = (await refuse(spec, head, call, 'the answer was cut at the output limit; nothing was run')).id;
  const row = await append(spec, head, {
    role: 'user',
    content: 'Your answer was cut at the output limit and nothing was run. Use smaller steps: one file or one edit an answer.',
  });
  return { ...state, head: row.id, cut, phase: 'model' };
}

async function refuse(spec: AgentSpec, head: string | null, call: ToolCall, message: string): Promise<TranscriptRow> {
  await spec.session.audit.append({
    ...auditBase(spec),
    actor: `agent:${spec.agent}`,
    action: 'tool-refused',
    code: 'CONTRACT_VIOLATION',
    facts: { tool: call.name, message },
  });
  const content = JSON.stringify({ refused: { code: 'CONTRACT_VIOLATION', message } });
  return append(spec, head, { role: 'tool', toolCallId: call.id, toolName: call.name, content });
}

/** Appends a message to an agent's transcript. */
export async function append(
  spec: Pick<AgentSpec, 'session' | 'agent'>,
  head: string | null,
  message: ChatMessage,
): Promise<TranscriptRow> {
  const row = rowOf(head, spec.agent, message);
  await spec.session.transcripts.append(spec.session.fence, [row]);
  return row;
}

const contentOf = (row: TranscriptRow): string => row.message.content;
/** Is the run lean, as far as this agent was told? */
export async function isLeanAt(session: Session, head: string | null): Promise<boolean> {
  return head !== null && isLean(await session.transcripts.chain(session.threadId, head));
}

/** What a person says ends it: where a limit was the reason, it starts again by itself. */
function isLean(rows: readonly TranscriptRow[]): boolean {
  const last = rows.findLast(
    ({ message }) => message.role === 'user' && (message.content.startsWith(LEAN_MARK) || isSaid(message.content)),
  );
  return last?.message.content.startsWith(LEAN_MARK) === true;
}

/** The resumes that are for this agent in this attempt. */
const addressed = ({ session, stage, attempt, role, agent }: AgentSpec): Resume[] =>
  session.resumes.filter((one) => one.stage === stage && one.attempt === attempt && one.role === role && one.agent === agent);

const textOf = (spec: AgentSpec, resume: Resume): string => resumeText(resume, spec.session.resumes.indexOf(resume) + 1);
const heard = (spec: AgentSpec, rows: readonly TranscriptRow[], resume: Resume): boolean =>
  rows.some(({ message }) => message.role === 'user' && message.content === textOf(spec, resume));

/** What people said at a resume becomes a row where the agent stopped, or before the first request that was not yet answered. */
async function hear(spec: AgentSpec, from: string, before: TranscriptRow[], ordinal: number): Promise<[string, TranscriptRow[]]> {
  let [head, rows] = [from, before];
  for (const resume of addressed(spec)) {
    if (heard(spec, rows, resume)) continue;
    const isHere = resume.head === from || resume.head === head;
    if (resume.head === '' ? await isAnswered(spec, head, ordinal) : !isHere) continue;
    const row = await append(spec, head, { role: 'user', content: textOf(spec, resume) });
    [head, rows] = [row.id, [...rows, row]];
  }
  return [head, rows];
}

/** The model that a person named last, for this role, from where the agent heard of it on. */
const modelSaid = (spec: AgentSpec, rows: readonly TranscriptRow[]): string | undefined =>
  spec.session.resumes.findLast(
    (one) => one.model !== '' && one.role === spec.role && (one.attempt < spec.attempt || heard(spec, rows, one)),
  )?.model;

/** Lean is decided once per transcript, and never where a call of this step was already made: a replay must ask the same. */
async function shouldGoLean(spec: AgentSpec, head: string, leanHead: string, ordinal: number): Promise<boolean> {
  const { session } = spec;
  if (await isSettled(spec, leanHead, ordinal)) return true;
  const account = runAccount(session.limits);
  const totals = await session.ledger.totals(session.threadId, account.id);
  const caps = Object.keys(totals.caps).length > 0 ? totals.caps : account.caps;
  if (usedShare(totals, caps).share < session.limits.leanAt) return false;
  return !(await isSettled(spec, head, ordinal));
}

function exhausted(spec: AgentSpec, refusal: Refusal): StopError {
  const code = refusal.cap === 'modelCalls' || refusal.cap === 'toolCalls' ? 'STEP_LIMIT' : 'BUDGET_EXHAUSTED';
  return new StopError(
    code,
    `the next call of the ${spec.role} does not fit: ${refusal.account} has used ${refusal.used} of ${refusal.limit} ${refusal.cap}, the call may need ${refusal.asked} more`,
    {
      facts: {
        ...whereabouts(spec).facts,
        account: refusal.account,
        cap: refusal.cap,
        limit: refusal.limit,
        used: refusal.used,
        asked: refusal.asked,
      },
    },
  );
}

/** `head`: where its transcript stands, when what it answered there is what stops it. */
function whereabouts(spec: AgentSpec, head?: string | null): { facts: Record<string, string | number> } {
  return { facts: { role: spec.role, agent: spec.agent, attempt: spec.attempt, ...(typeof head === 'string' ? { head } : {}) } };
}

function auditBase(spec: AgentSpec) {
  return { threadId: spec.session.threadId, stage: spec.stage, attempt: spec.attempt };
}
