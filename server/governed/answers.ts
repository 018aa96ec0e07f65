/** What people answer to a gate, in the forms of every client. Only a clear decision is one; anything else leaves the gate pending. */
import { z } from 'zod';
import type { Gate } from '../../domain/handoff.ts';

export interface PendingGate {
  readonly interruptId: string;
  readonly gate: Gate;
  /** At the budget gate: a fan-out that may run without more money. */
  readonly fanOut?: boolean;
}

export interface Decision {
  readonly kind: 'decision';
  readonly decision: 'approved' | 'rejected';
  readonly comment?: string;
  /** At the plan gate. */
  readonly edit?: unknown;
  /** At the budget gate. */
  readonly addMicroUsd?: number;
  /** At the release gate: the ids of the findings to let pass. */
  readonly waive?: readonly string[];
  /** What the person saw, where the client says so. */
  readonly subject?: string;
}

export type Answer =
  | Decision
  /** The person looked away: nothing is said and nothing decided. */
  | { readonly kind: 'ignored' }
  /** `other`: it names an interrupt that does not wait. */
  | { readonly kind: 'unparseable'; readonly why: string; readonly other?: boolean };

/** Said to whoever sends something else. */
export const ACCEPTED =
  'accepted are { "decision": "approved" | "rejected", "comment", "edit", "add_usd", "waive", "subject" }, { "decisions": [{ "type": "approve" | "edit" | "reject" }] }, ' +
  '[{ "type": "accept" | "edit" | "response" | "ignore", "args" }], and { "<interrupt id>": <one of them> }';

const object = z.record(z.string(), z.unknown());
const money = z.union([z.number(), z.string()]);

/** Agent Inbox sends every edited argument as text. */
const ids = z.union([z.array(z.string()), z.string().transform((text) => text.split(/[\s,]+/).filter((id) => id !== ''))]);

const own = z.strictObject({
  decision: z.enum(['approved', 'rejected']),
  comment: z.string().optional(),
  edit: z.unknown().optional(),
  add_usd: money.optional(),
  waive: ids.optional(),
  subject: z.string().optional(),
});

const edited = z.strictObject({ name: z.string(), args: object });
const hitl = z.strictObject({
  decisions: z.tuple([
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('approve') }),
      z.strictObject({ type: z.literal('reject'), message: z.string().optional() }),
      z.strictObject({ type: z.literal('edit'), edited_action: edited.optional(), editedAction: edited.optional() }),
    ]),
  ]),
});

const request = z.strictObject({ action: z.string(), args: object });
const inbox = z.tuple([
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('accept'), args: z.union([request, z.null()]).optional() }),
    z.strictObject({ type: z.literal('edit'), args: request }),
    z.strictObject({ type: z.literal('response'), args: z.string() }),
    z.strictObject({ type: z.literal('ignore'), args: z.null().optional() }),
  ]),
]);

/** Pure: no record is read or written. */
export function parseAnswer(resume: unknown, pending: PendingGate): Answer {
  const keyed = object.safeParse(resume);
  if (keyed.success) {
    const ids = Object.keys(keyed.data);
    if (ids.length === 1 && ids[0] === pending.interruptId) return plainAnswer(keyed.data[pending.interruptId], pending);
    const other = ids.find((id) => /^[0-9a-f]{32}$/.test(id));
    if (other !== undefined)
      return { ...no(`it answers interrupt ${ids.join(', ')}; the one that waits is ${pending.interruptId}`), other: true };
  }
  return plainAnswer(resume, pending);
}

const no = (why: string): Extract<Answer, { kind: 'unparseable' }> => ({ kind: 'unparseable', why });

function plainAnswer(resume: unknown, pending: PendingGate): Answer {
  const ours = own.safeParse(resume);
  if (ours.success) {
    const { decision, comment, edit, add_usd, waive, subject } = ours.data;
    if (decision === 'rejected') {
      if (edit !== undefined || add_usd !== undefined || waive !== undefined)
        return no('a rejection carries no edit, no add_usd and no waive');
      return rejection(comment, subject);
    }
    return approval(pending, { comment, edit, addUsd: add_usd, waive, subject });
  }
  const human = hitl.safeParse(resume);
  if (human.success) {
    const [one] = human.data.decisions;
    if (one.type === 'approve') return approval(pending, {});
    if (one.type === 'reject') return rejection(one.message, undefined);
    const { edited_action: snake, editedAction: camel } = one;
    const action = snake ?? camel;
    if (action === undefined || (snake !== undefined && camel !== undefined)) return no('an edit has exactly one edited_action');
    return editAnswer(pending, action.name, action.args);
  }
  const listed = inbox.safeParse(resume);
  if (listed.success) {
    const [one] = listed.data;
    if (one.type === 'ignore') return { kind: 'ignored' };
    // Agent Inbox can only respond where a gate allows to reject: its words are the reason.
    if (one.type === 'response') return rejection(one.args, undefined);
    if (one.type === 'edit') return editAnswer(pending, one.args.action, one.args.args);
    if (one.args === null || one.args === undefined) return approval(pending, {});
    if (one.args.action !== actionOf(pending)) return no(wrongAction(pending, one.args.action));
    return approval(pending, { subject: textOf(one.args.args['subject']) });
  }
  return no(`${JSON.stringify(resume)?.slice(0, 200) ?? 'nothing'} is no decision`);
}

const actionOf = (pending: PendingGate): string => `approve_${pending.gate}`;
const wrongAction = (pending: PendingGate, name: string): string =>
  `it is about action ${JSON.stringify(name)}; what waits is ${actionOf(pending)}`;
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function rejection(comment: string | undefined, subject: string | undefined): Answer {
  if (comment === undefined || comment.trim() === '') return no('a rejection needs a comment, so that the next attempt knows why');
  return { kind: 'decision', decision: 'rejected', comment, ...(subject === undefined ? {} : { subject }) };
}

interface Said {
  readonly comment?: string | undefined;
  readonly edit?: unknown;
  readonly addUsd?: number | string | undefined;
  readonly waive?: readonly string[] | undefined;
  readonly subject?: string | undefined;
}

function approval({ gate, fanOut = false }: PendingGate, { comment, edit, addUsd, waive, subject }: Said): Answer {
  if (edit !== undefined && gate !== 'plan') return no(`only a plan can be edited; what waits is the ${gate} gate`);
  if (addUsd !== undefined && gate !== 'budget') return no(`add_usd only goes with the budget gate; what waits is the ${gate} gate`);
  if (waive !== undefined && gate !== 'release') return no(`waive only goes with the release gate; what waits is the ${gate} gate`);
  const addMicroUsd = addUsd === undefined ? undefined : microUsd(addUsd);
  if (gate === 'budget' && addMicroUsd === undefined && (addUsd !== undefined || !fanOut))
    return no('the budget gate needs add_usd: the dollars that may be spent more, above 0, with at most 6 decimals');
  return {
    kind: 'decision',
    decision: 'approved',
    ...(comment === undefined ? {} : { comment }),
    ...(edit === undefined ? {} : { edit }),
    ...(addMicroUsd === undefined ? {} : { addMicroUsd }),
    ...(waive === undefined ? {} : { waive }),
    ...(subject === undefined ? {} : { subject }),
  };
}

/** The shown arguments come back changed: the plan, the amount, or the findings to waive. */
function editAnswer(pending: PendingGate, name: string, { subject, ...args }: Readonly<Record<string, unknown>>): Answer {
  if (name !== actionOf(pending)) return no(wrongAction(pending, name));
  if (pending.gate === 'release') {
    const named = z.object({ waive: ids }).safeParse(args);
    if (!named.success) return no('a release cannot be edited: approve or reject it; only open findings can be waived in it');
    return approval(pending, { waive: named.data.waive, subject: textOf(subject) });
  }
  if (pending.gate === 'plan') return approval(pending, { edit: planOf(args), subject: textOf(subject) });
  const amount = z.strictObject({ add_usd: money }).safeParse(args);
  if (!amount.success) return no('at the budget gate only add_usd can be edited');
  return approval(pending, { addUsd: amount.data.add_usd, subject: textOf(subject) });
}

/** Agent Inbox sends every edited argument as text. What the plan must look like is checked where it is decided. */
function planOf(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const lists = ['items', 'risks', 'citations', 'no_change'];
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, lists.includes(key) ? parsed(value) : value]));
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Undefined where it is no amount above 0 with at most 6 decimals. */
export function microUsd(value: number | string): number | undefined {
  const text = String(value).trim();
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text)) return undefined;
  const [whole = '0', decimals = ''] = text.split('.');
  const micro = Number(whole) * 1_000_000 + Number(decimals.padEnd(6, '0'));
  return micro > 0 ? micro : undefined;
}
