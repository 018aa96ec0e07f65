/** A fan-out above `limits.delegateFreely` is a person's to allow, at the budget gate, before any of it starts. */
import { StopError } from '../../domain/errors.ts';
import type { FanOutFacts } from '../../domain/fan-out.ts';
import type { DelegateTask } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import type { HandoffOutcome } from '../../tools/door/request.ts';
import { type Delegating, no, type Share } from './delegating.ts';

export type Consent =
  /** With these caps: those that a person was shown, or the ones that were asked for. */
  { readonly kind: 'go'; readonly shares: readonly Share[] } | { readonly kind: 'refused'; readonly refusal: HandoffOutcome };

const TITLES = 20;
const TITLE_CHARACTERS = 60;

/** @throws StopError `BUDGET_REFUSED` that leads to the budget gate; the same call comes back here when a person has decided. */
export async function consentTo(delegating: Delegating, tasks: readonly DelegateTask[], shares: readonly Share[]): Promise<Consent> {
  const worst = shares.reduce((sum, share) => sum + share.costMicroUsd, 0);
  const above = whyAbove(delegating, tasks.length, worst);
  if (above === undefined) return { kind: 'go', shares };
  const { session, attempt, parent, answer } = delegating;
  if (parent !== 'lead')
    return refused(`${above}; only a fan-out of the lead can be allowed by a person: do it yourself, or hand over "blocked" and say why`);
  const fanOut = digestOf({ attempt, answer, tasks });
  const asked = (await session.stores.approvals.list({ threadId: session.facts.threadId })).filter(({ subject }) => 'fan_out' in subject);
  // Who refused one in this attempt is not asked about the next.
  const rejected = asked.findLast(({ status, subject }) => status === 'rejected' && subject['attempt'] === String(attempt));
  if (rejected !== undefined) return refused(`${above}, and ${session.doors.redact(wordsOf(rejected))}. Go on alone`);
  const given = asked.findLast(({ status, subject }) => status === 'approved' && subject['fan_out'] === fanOut);
  if (given !== undefined) return { kind: 'go', shares: sharesIn(given) };
  const facts: FanOutFacts = {
    attempt,
    fan_out: fanOut,
    agents: tasks.length,
    worst_case_micro_usd: worst,
    shares: shares.map(({ costMicroUsd, modelCalls }) => `${costMicroUsd}/${modelCalls}`).join(','),
    titles: JSON.stringify(tasks.slice(0, TITLES).map(({ title }) => title.slice(0, TITLE_CHARACTERS))),
  };
  throw new StopError('BUDGET_REFUSED', `the lead wants to delegate: ${above}`, {
    facts: { role: 'lead', agent: 'lead', ...facts },
  });
}

function whyAbove({ session }: Delegating, agents: number, worst: number): string | undefined {
  const free = session.facts.limits.delegateFreely;
  if (free === undefined) return undefined;
  const what = `${agents} sub-agent(s) that may cost ${dollars(worst)} at worst`;
  if (free.agents !== undefined && agents > free.agents) return `${what} are above limits.delegateFreely.agents, which is ${free.agents}`;
  if (free.usd !== undefined && worst > free.usd) return `${what} are above limits.delegateFreely.usd, which is ${dollars(free.usd)}`;
  return undefined;
}

const dollars = (microUsd: number): string => `$${microUsd / 1_000_000}`;

const refused = (content: string): Consent => ({ kind: 'refused', refusal: no('BUDGET_REFUSED', content) });

function wordsOf({ votes }: ApprovalRow): string {
  const vote = votes.findLast(({ decision }) => decision === 'rejected');
  return `a person (${vote?.by.id ?? 'unknown'}) refused it, saying ${JSON.stringify(vote?.comment ?? '')}`;
}

/** What was shown is what runs, also when more money was allowed since. */
const sharesIn = ({ subject }: ApprovalRow): Share[] =>
  (subject['shares'] ?? '').split(',').map((share) => {
    const [costMicroUsd, modelCalls] = share.split('/').map(Number);
    return { costMicroUsd: costMicroUsd ?? 0, modelCalls: modelCalls ?? 0 };
  });
