/** A gate's question in the words of every client that shows interrupts: Agent Inbox, Agent Chat UI, LangChain's human-in-the-loop. */
import { visible } from '../../domain/access.ts';
import { isFanOut } from '../../domain/fan-out.ts';
import type { PlanBody } from '../../domain/handoff.ts';
import { sandboxWords } from '../../domain/sandbox-words.ts';
import type { Sandbox } from '../../domain/workspace.ts';
import type { GatePayload } from '../session.ts';

/** Longest whole payload, in bytes of JSON: it stands in a checkpoint. */
export const MAX_PAYLOAD_BYTES = 8 * 1024;

/** Longest description, in UTF-16 units, from generous to terse; it stands there three times. */
const DESCRIPTION_CAPS = [1500, 900, 500, 250, 100] as const;

type Args = Readonly<Record<string, unknown>>;
type Allowed = 'approve' | 'edit' | 'reject';

interface Action {
  readonly name: string;
  readonly args: Args;
  /** Agent Inbox reads this name. */
  readonly arguments: Args;
  readonly description: string;
}

interface ReviewConfig {
  readonly action_name: string;
  readonly actionName: string;
  readonly allowed_decisions: readonly Allowed[];
  readonly allowedDecisions: readonly Allowed[];
}

/** One object that each client finds its own form in. */
export interface PresentedPayload extends GatePayload {
  readonly action_request: { readonly action: string; readonly args: Args };
  readonly config: {
    readonly allow_accept: boolean;
    readonly allow_edit: boolean;
    readonly allow_respond: boolean;
    readonly allow_ignore: boolean;
  };
  readonly description: string;
  readonly action_requests: readonly Action[];
  readonly actionRequests: readonly Action[];
  readonly review_configs: readonly ReviewConfig[];
  readonly reviewConfigs: readonly ReviewConfig[];
}

export interface Presented {
  readonly costMicroUsd: number;
  /** What the checks ran in. */
  readonly sandbox: Pick<Sandbox, 'level' | 'layers'>;
  /** At the plan gate: it can be edited where it fits. */
  readonly plan?: PlanBody | undefined;
}

/** The payload with all forms, as wordy as its cap allows. A plan that does not fit is named by its file, and cannot be edited there. */
export function presented(payload: GatePayload, facts: Presented): PresentedPayload {
  const text = visible(describe(payload, facts));
  const whole = argsOf(payload, facts.plan);
  const short = argsOf(payload, undefined);
  const choices = [
    ...(facts.plan === undefined ? [] : DESCRIPTION_CAPS.slice(0, 3).map((cap) => [whole, cap, true] as const)),
    ...DESCRIPTION_CAPS.map((cap) => [short, cap, payload.gate === 'budget' || 'waive' in short] as const),
  ];
  const tried = choices.map(
    ([args, cap, editable]) =>
      () =>
        shaped(payload, args, clipped(text, cap), editable),
  );
  for (const make of tried) {
    const made = make();
    if (Buffer.byteLength(JSON.stringify(made)) <= MAX_PAYLOAD_BYTES) return made;
  }
  return shaped(payload, { subject: payload.subject.digest }, '', false);
}

function shaped(payload: GatePayload, args: Args, description: string, editable: boolean): PresentedPayload {
  const name = `approve_${payload.gate}`;
  // More money needs its amount, and an open finding its waiver, which only an edit can carry.
  const acceptable = (payload.gate !== 'budget' || isFanOut({ facts: payload.subject })) && lines(payload.shown['waive']).length === 0;
  const allowed: Allowed[] = [...(acceptable ? (['approve'] as const) : []), ...(editable ? (['edit'] as const) : []), 'reject'];
  const action = { name, args, arguments: args, description };
  const review = { action_name: name, actionName: name, allowed_decisions: allowed, allowedDecisions: allowed };
  return {
    ...payload,
    action_request: { action: name, args },
    config: { allow_accept: acceptable, allow_edit: editable, allow_respond: true, allow_ignore: false },
    description,
    action_requests: [action],
    actionRequests: [action],
    review_configs: [review],
    reviewConfigs: [review],
  };
}

/** The subject comes back with an answer, which tells whether it is about what waits now. */
function argsOf({ gate, subject, shown }: GatePayload, plan: PlanBody | undefined): Args {
  if (gate === 'plan') return { subject: subject.digest, ...(plan ?? { plan: shown['plan'] }) };
  if (gate === 'budget') return { subject: subject.digest, add_usd: '' };
  const waive = lines(shown['waive']).length === 0 ? {} : { waive: '' };
  return { subject: subject.digest, candidate: shown['candidate'], review: shown['review'], ...waive };
}

const dollars = (microUsd: unknown): string => (typeof microUsd === 'number' ? `$${(microUsd / 1_000_000).toFixed(2)}` : 'no limit');
const lines = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** What is decided, in plain words; the most important first, since the end may be cut. */
function describe(payload: GatePayload, facts: Presented): string {
  const { gate, shown, subject, required } = payload;
  const origins = lines(shown['red_line_origins']);
  const redLines = lines(shown['red_lines']).map((id, index) => `${id} ${origins[index] ?? ''}`.trim());
  const red = redLines.length === 0 ? 'No red line is touched.' : `RED LINES: ${redLines.join(', ')}.`;
  const people = `${required.min === 1 ? 'A person' : `${required.min} people`} with role ${required.role}${required.notStarter ? ', not the starter,' : ''} must decide. Spent so far: ${dollars(facts.costMicroUsd)}.`;
  const end = `Subject ${subject.digest}.`;
  const ran = `Commands run in ${sandboxWords(facts.sandbox)}.`;
  if (gate === 'budget' && isFanOut({ facts: subject }))
    return [
      `Allow this fan-out? ${String(shown['message'])}`,
      `Spent ${dollars(shown['spent_micro_usd'])} of ${dollars(shown['limit_micro_usd'])}. A rejection lets the lead go on alone.`,
      ...fanOutTitles(shown),
      people,
      end,
      ran,
    ].join('\n');
  if (gate === 'budget')
    return [
      `More budget? ${String(shown['message'])}`,
      `Spent ${dollars(shown['spent_micro_usd'])} of ${dollars(shown['limit_micro_usd'])}. To allow more, edit add_usd to the dollars that may be spent more.`,
      people,
      end,
      ran,
    ].join('\n');
  if (gate === 'plan')
    return [
      `Approve this plan? ${String(shown['summary'])}`,
      ...(typeof shown['question'] === 'string' ? [`It asks: ${shown['question']}`] : []),
      `${red} ${people}`,
      end,
      ran,
      ...(facts.plan?.items ?? []).map((item) => `- ${item.title}: ${item.paths.join(', ') || 'any path'}`),
    ].join('\n');
  const changed = lines(shown['changed']);
  const waive = lines(shown['waive']);
  return [
    `Release commit ${String(shown['candidate'])}? It changes ${String(shown['files'])} file(s).`,
    `${red}${shown['no_checks'] === true ? ' NO CHECKS are configured.' : ''} ${people}`,
    ...(waive.length === 0 ? [] : [`OPEN FINDINGS, each of which an approval must waive by its id: ${waive.join(', ')}.`]),
    ...lines(shown['findings']).map((line) => `- ${line}`),
    ...lines(shown['warnings']).map((line) => `Warning: ${line}.`),
    ran,
    `${end} The review is ${String(shown['review'])}.`,
    ...changed.map((line) => `- ${line}`),
  ].join('\n');
}

function fanOutTitles(shown: GatePayload['shown']): string[] {
  const asked = shown['fan_out'];
  return typeof asked === 'object' && asked !== null && 'titles' in asked ? lines(asked.titles).map((title) => `- ${title}`) : [];
}

function clipped(text: string, cap: number): string {
  return text.length <= cap ? text : `${text.slice(0, cap - 3).replace(/[\ud800-\udbff]$/, '')}...`;
}
