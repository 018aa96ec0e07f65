/** What people say to agents at work, who is at work, and who heard it; read from the audit trail, which is its only record. */
import { z } from 'zod';
import type { AuditRecord } from './audit.ts';
import { ROLES, type Role } from './roles.ts';

/** Longest message, in UTF-8 bytes as it is recorded. */
export const MAX_TOLD_BYTES = 2048;
/** Messages of one run in all, and those that nobody has heard yet: each stands in every later request of who hears it. */
export const MAX_TOLD = 100;
export const MAX_UNHEARD = 10;

/** Of its audit records: a message, and that an agent heard one. */
export const TOLD = 'words-told';
export const HEARD = 'words-heard';

const speakerSchema = z.strictObject({ agent: z.string(), attempt: z.int() });
/** An agent in one attempt: `planner`, `lead`, `critic`, or a sub-agent's id. */
export type Speaker = z.infer<typeof speakerSchema>;

export const toldFactsSchema = z.strictObject({
  id: z.string(),
  /** Visible characters only, secrets masked. */
  message: z.string(),
  /** Who was at work then, or who was named. Empty: who speaks next. */
  to: z.array(speakerSchema),
  /** False: when all of `to` end before one hears it, who speaks next does. */
  named: z.boolean(),
});
type ToldFacts = z.infer<typeof toldFactsSchema>;

export interface Tell extends ToldFacts {
  /** From 1, in the order of the trail. */
  readonly number: number;
  readonly by: string;
  readonly at: string;
}

const heardFactsSchema = z.object({ id: z.string(), agent: z.string() });

interface Hearing extends Speaker {
  readonly id: string;
  readonly at: string;
}

/** What a trail tells up to a record. */
export interface Said {
  readonly seq: number;
  readonly tells: readonly Tell[];
  readonly heard: readonly Hearing[];
  /** Begun and not ended, in the order in which they began. */
  readonly speakers: readonly Speaker[];
}

export const NOTHING_SAID: Said = { seq: 0, tells: [], heard: [], speakers: [] };

/** The same with further records of the thread, oldest first. Pure. */
export function saidAfter(before: Said, records: readonly AuditRecord[]): Said {
  const [tells, heard] = [[...before.tells], [...before.heard]];
  let speakers = before.speakers;
  let seq = before.seq;
  for (const record of records) {
    seq = record.seq;
    if (record.action === TOLD) {
      const facts = toldFactsSchema.parse(record.facts);
      tells.push({ ...facts, number: tells.length + 1, by: record.actor, at: record.at });
    } else if (record.action === HEARD) {
      const { id, agent } = heardFactsSchema.parse(record.facts);
      heard.push({ id, agent, attempt: record.attempt ?? 0, at: record.at });
    } else speakers = speakersAfter(speakers, record);
  }
  return { seq, tells, heard, speakers };
}

const BEGINS: ReadonlySet<string> = new Set(['model-call', 'stage-start', 'agent-start']);

function speakersAfter(speakers: readonly Speaker[], record: AuditRecord): readonly Speaker[] {
  const agent = agentOf(record);
  if (agent === undefined) return speakers;
  const speaker = { agent, attempt: record.attempt ?? 0 };
  const others = speakers.filter((one) => !isSame(one, speaker));
  if (record.action === 'stage-end') return others;
  return BEGINS.has(record.action) && others.length === speakers.length ? [...speakers, speaker] : speakers;
}

/** Whom a beginning or an end is about. */
function agentOf({ action, actor, facts }: AuditRecord): string | undefined {
  if (action === 'agent-start') return typeof facts?.['agent'] === 'string' ? facts['agent'] : undefined;
  const name = action === 'model-call' ? actor : facts?.['made_by'];
  return typeof name === 'string' && name.startsWith('agent:') ? name.slice('agent:'.length) : undefined;
}

const isSame = (one: Speaker, other: Speaker): boolean => one.agent === other.agent && one.attempt === other.attempt;

/** Those who speak next by themselves: who waits for sub-agents of its own is not among them. */
export function atWork(speakers: readonly Speaker[]): Speaker[] {
  return speakers.filter((one) => !speakers.some((other) => other.attempt === one.attempt && isUnder(other.agent, one.agent)));
}

/** `w1.2.3.1` works for `w1.2`, and all sub-agents for the lead. */
const isUnder = (agent: string, above: string): boolean => (above === 'lead' ? isSubAgent(agent) : agent.startsWith(`${above}.`));
const isSubAgent = (agent: string): boolean => !ROLES.some((role) => role === agent);

/** The name of an agent in the trail and in `--agent`. */
export const speakerName = ({ role, agent }: { readonly role: Role; readonly agent: string }): string => (agent === '-' ? role : agent);

/**
 * Is this message for this agent, as far as its transcript does not have it? A planner, lead or critic that was named, or that heard it,
 * hears it in a later attempt too; a sub-agent's id means another one there.
 */
export function isFor({ id, to, named }: Tell, me: Speaker, said: Said): boolean {
  const ears = said.heard.filter((one) => one.id === id);
  const own = ears.filter((one) => one.agent === me.agent);
  // In this attempt its transcript took another way since; an agent of a later one remembers nothing.
  if (own.length > 0) return own.some((one) => one.attempt === me.attempt) || !isSubAgent(me.agent);
  if (to.some((one) => one.agent === me.agent && (one.attempt === me.attempt || !isSubAgent(me.agent)))) return true;
  return !named && ears.length === 0 && !said.speakers.some((speaker) => to.some((one) => isSame(one, speaker)));
}

/** Not heard, and somebody still can: a sub-agent that was named and has ended never will. */
export const isAwaited = ({ id, to, named }: Tell, { heard, speakers }: Said): boolean =>
  !heard.some((one) => one.id === id) &&
  (!named || to.some((one) => !isSubAgent(one.agent) || speakers.some((speaker) => isSame(speaker, one))));

/** The row in the transcript of who hears it: data from a named person. The number makes each another row. */
export const tellText = ({ by, number, message }: Tell): string =>
  `${OPENING}${by}) says, without approving anything (message ${number}): ${JSON.stringify(message)}`;

const OPENING = 'A person (';

/** Was the row written for such a message? Rows of role `user` are the governor's own words. */
export const isTold = (content: string): boolean => content.startsWith(OPENING);
