/** One model call of an agent: its request within the window, its answer, and the next model where one does not answer. */
import type { Refusal } from '../domain/budget.ts';
import { StopError } from '../domain/errors.ts';
import type { TranscriptRow } from '../domain/ports.ts';
import { ROLE_TABLE } from '../domain/roles.ts';
import { rowOf } from '../domain/transcript.ts';
import { toolSpecs } from '../tools/toolbox.ts';
import { type AgentSpec, accountsOf, allowedTo, append, type Standing, signalOf, whereabouts } from './agent-spec.ts';
import { hearNotes, isLean, isPassedOn, modelSaid, passedOn, passOn, wasPassedOn } from './notes.ts';
import type { RoleModel } from './session.ts';
import type { AgentState } from './state.ts';
import { countInvalid, cutShort } from './turned-away.ts';
import { fitWindow, withoutPictures } from './window.ts';

export async function askModel(spec: AgentSpec, state: AgentState): Promise<AgentState> {
  const ordinal = state.calls + 1;
  const at = await hearNotes(spec, await standing(spec, state), ordinal);
  const asked = await askOneOf(spec, state, at, ordinal);
  if (asked.kind === 'refused') throw exhausted(spec, asked.refusal);
  const { answer, row } = asked;
  const next: AgentState = { ...state, head: row.id, calls: ordinal };
  if (answer.finish === 'refusal')
    throw new StopError('PROVIDER_REFUSED', `the model refused to answer the ${spec.role}'s call ${ordinal}`, whereabouts(spec, at.head));
  if (answer.finish === 'length') return cutShort(spec, next, answer.toolCalls);
  if (answer.toolCalls.length > 0) return { ...next, phase: 'tools', cut: 0 };
  const told = await append(spec, row.id, {
    role: 'user',
    content: `Only tool calls count here. Use one of your tools, or hand over with ${ROLE_TABLE[spec.role].handOver}.`,
  });
  return countInvalid(spec, { ...next, head: told.id, told: true, cut: 0 }, state.told, 'an answer without a tool call');
}

async function standing(spec: AgentSpec, state: AgentState): Promise<Standing> {
  const { session } = spec;
  if (state.head !== null) return { head: state.head, rows: await session.stores.transcripts.chain(session.facts.threadId, state.head) };
  const root = rowOf(null, spec.agent, { role: 'user', content: spec.brief });
  await session.stores.transcripts.append(session.facts.fence, [root]);
  return { head: root.id, rows: [root] };
}

/** Ends of a model that another one may mend; a window that is too small is not among them. */
const MENDABLE: ReadonlySet<string> = new Set(['PROVIDER_UNAVAILABLE', 'PROVIDER_REFUSED']);

/**
 * The role's model, or the first of its fallbacks that has not given up in this attempt. Each has a window and a price of its own.
 * What ends it names the head before another model was passed on to: there the words of a resume are heard.
 */
async function askOneOf(spec: AgentSpec, state: AgentState, from: Standing, ordinal: number) {
  const chosen = await spec.session.doors.modelFor(spec.role, isLean(from.rows), modelSaid(spec, from.rows));
  let at = from;
  let [first, ...rest]: RoleModel[] = [chosen, ...chosen.fallbacks];
  for (let place = 1; ; place += 1) {
    if (first === undefined) throw new Error(`no model is left for the ${spec.role}`);
    const [next] = rest;
    const row = next === undefined ? undefined : passedOn(spec, at.head, { from: first, to: next, place });
    if (row === undefined || !wasPassedOn(at.rows, row)) {
      if (row !== undefined && (await isPassedOn(spec, at.head, ordinal))) at = { head: row.id, rows: [...at.rows, row] };
      else {
        try {
          return await askOne(spec, state, at, first);
        } catch (error) {
          if (!(error instanceof StopError)) throw error;
          if (row === undefined || signalOf(spec).aborted || !MENDABLE.has(error.code)) throw placed(spec, error, from.head);
          at = await passOn(spec, at, { row, ordinal, why: error });
        }
      }
    }
    [first, ...rest] = rest;
  }
}

/** The same end, with who it came to. */
function placed(spec: AgentSpec, error: StopError, head: string): StopError {
  return new StopError(error.code, error.message, {
    evidence: error.evidence,
    // Not its `head`: nothing was answered there, so the same is asked again when it goes on.
    facts: { ...whereabouts(spec).facts, unanswered: head, ...error.facts },
    cause: error,
  });
}

async function askOne(spec: AgentSpec, state: AgentState, at: Standing, { model, price }: RoleModel) {
  const { session } = spec;
  const ordinal = state.calls + 1;
  const tools = toolSpecs(spec.role, allowedTo(spec));
  const maxOutputTokens = Math.min(session.facts.limits.maxOutputTokens, Math.floor(model.contextTokens / 4));
  const previous = lastAsked(at.rows, state.calls);
  const window = { spec, rows: at.rows, ordinal, model, tools, maxOutputTokens, previous };
  const ask = ({ head, messages }: Awaited<ReturnType<typeof fitWindow>>) =>
    session.doors.model.ask({
      fence: session.facts.fence,
      threadId: session.facts.threadId,
      stage: spec.stage,
      attempt: spec.attempt,
      agent: spec.agent,
      role: spec.role,
      parent: head,
      ordinal,
      previous,
      call: ordinal,
      model,
      price,
      request: { messages, tools, maxOutputTokens },
      accounts: accountsOf(spec),
      signal: signalOf(spec),
    });
  try {
    return await ask(await fitWindow(window));
  } catch (error) {
    const isRefused = error instanceof StopError && error.facts['fault'] === 'refused' && !signalOf(spec).aborted;
    const inWords = isRefused ? await withoutPictures(window) : undefined;
    if (inWords === undefined) throw error;
    return ask(inWords);
  }
}

/** The model call whose answer is the newest in these rows. */
function lastAsked(rows: readonly TranscriptRow[], calls: number): { parent: string | null; ordinal: number } | null {
  const answer = rows.findLast((row) => row.message.role === 'assistant');
  return answer === undefined ? null : { parent: answer.parent, ordinal: calls };
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
