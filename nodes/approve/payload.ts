/** A gate's question in the words of every client that shows interrupts: Agent Inbox, Agent Chat UI, LangChain's human-in-the-loop. */
import { isFanOut } from '../../domain/fan-out.ts';
import type { PlanBody } from '../../domain/handoff.ts';
import type { GatePayload } from '../session.ts';
import { cardText, lines, type Presented } from './card.ts';

/** Longest whole payload, in bytes of JSON: it stands in a checkpoint. */
export const MAX_PAYLOAD_BYTES = 16 * 1024;

/** Longest description, in UTF-16 units, from generous to terse; it stands there three times. */
const DESCRIPTION_CAPS = [4000, 2500, 1500, 900, 500, 250, 100] as const;

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

/** The payload with all forms, as wordy as its cap allows. A plan that does not fit is named by its file, and cannot be edited there. */
export function presented(payload: GatePayload, facts: Presented): PresentedPayload {
  const whole = argsOf(payload, facts.plan);
  const short = argsOf(payload, undefined);
  const choices = [
    ...(facts.plan === undefined ? [] : DESCRIPTION_CAPS.slice(0, 5).map((cap) => [whole, cap, true] as const)),
    ...DESCRIPTION_CAPS.map((cap) => [short, cap, payload.gate === 'budget' || 'waive' in short] as const),
  ];
  const tried = choices.map(
    ([args, cap, editable]) =>
      () =>
        shaped(payload, args, cardText(payload, facts, cap), editable),
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
  // Inboxes list these in their order: hashes last.
  if (gate === 'plan') return { ...(plan ?? { plan: shown['plan'] }), subject: subject.digest };
  if (gate === 'budget') return { add_usd: '', subject: subject.digest };
  const waive = lines(shown['waive']).length === 0 ? {} : { waive: '' };
  return { ...waive, review: shown['review'], candidate: shown['candidate'], subject: subject.digest };
}
