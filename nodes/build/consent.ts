/**
 * Beyond `limits.delegateFreely` sub-agents are a person's to allow, at the budget gate, before any of a fan-out starts. It holds for the
 * run: many small fan-outs are one large one.
 */
import { StopError } from '../../domain/errors.ts';
import type { FanOutFacts } from '../../domain/fan-out.ts';
import type { DelegateTask } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import type { HandoffOutcome } from '../../tools/door/request.ts';
import type { Session } from '../session.ts';
import { type Delegating, no, type Share, workersOf } from './delegating.ts';

export type Consent =
  /** With these caps: those that a person was shown, or the ones that were asked for. */
  { readonly kind: 'go'; readonly shares: readonly Share[] } | { readonly kind: 'refused'; readonly refusal: HandoffOutcome };

const TITLES = 20;
const TITLE_CHARACTERS = 60;

/** @throws StopError `BUDGET_REFUSED` that leads to the budget gate; the same call comes back here when a person has decided. */
export async function consentTo(delegating: Delegating, tasks: readonly DelegateTask[], shares: readonly Share[]): Promise<Consent> {
  const worst = shares.reduce((sum, share) => sum + share.costMicroUsd, 0);
  const { session, attempt, parent, call, answer } = delegating;
  const asked =
    session.facts.limits.delegateFreely === undefined
      ? []
      : (await session.stores.approvals.list({ threadId: session.facts.threadId })).filter(({ subject }) => 'fan_out' in subject);
  const above = whyAbove(delegating, { agents: tasks.length, worst }, await startedFreely(session, asked));
  if (above === undefined) return { kind: 'go', shares };
  if (parent !== 'lead')
    return refused(`${above}; only a fan-out of the lead can be allowed by a person: do it yourself, or hand over "blocked" and say why`);
  const fanOut = digestOf({ attempt, answer, tasks });
  // Who refused one in this attempt is not asked about the next.
  const rejected = asked.findLast(({ status, subject }) => status === 'rejected' && subject['attempt'] === String(attempt));
  if (rejected !== undefined) return refused(`${above}, and ${session.doors.redact(wordsOf(rejected))}. Go on alone`);
  const given = asked.findLast(({ status, subject }) => status === 'approved' && subject['fan_out'] === fanOut);
  if (given !== undefined) return { kind: 'go', shares: sharesIn(given) };
  const facts: FanOutFacts = {
    attempt,
    call,
    fan_out: fanOut,
    agents: tasks.length,
    worst_case_micro_usd: worst,
    shares: shares.map(({ costMicroUsd, modelCalls }) => `${costMicroUsd}/${modelCalls}`).join(','),
    titles: JSON.stringify(tasks.slice(0, TITLES).map(({ title }) => session.doors.redact(title).slice(0, TITLE_CHARACTERS))),
  };
  throw new StopError('BUDGET_REFUSED', `the lead wants to delegate: ${above}`, {
    facts: { role: 'lead', agent: 'lead', ...facts },
  });
}

interface Amount {
  readonly agents: number;
  readonly costMicroUsd: number;
}

/** Sub-agents of this run that no person was asked about, and what all those outside of an allowed fan-out have cost. */
async function startedFreely({ stores, facts }: Session, asked: readonly ApprovalRow[]): Promise<Amount> {
  const allowed = asked
    .filter(({ status }) => status === 'approved')
    .map(({ subject }) => ({ attempt: Number(subject['attempt']), prefix: workersOf('lead', Number(subject['call'])) }));
  let [agents, costMicroUsd] = [0, 0];
  for (const { role, agent, attempt, amounts } of facts.limits.delegateFreely === undefined
    ? []
    : await stores.ledger.lines(facts.threadId)) {
    if (role !== 'worker') continue;
    const prefix = allowed.find((one) => one.attempt === attempt && agent.startsWith(one.prefix))?.prefix;
    if (prefix === undefined) costMicroUsd += amounts.costMicroUsd;
    // Sub-agents of theirs were in nobody's estimate.
    if (prefix === undefined || agent.slice(prefix.length).includes('.')) agents += amounts.agents;
  }
  return { agents, costMicroUsd };
}

function whyAbove(
  { session, parent }: Delegating,
  { agents, worst }: { readonly agents: number; readonly worst: number },
  before: Amount,
): string | undefined {
  const free = session.facts.limits.delegateFreely;
  if (free === undefined) return undefined;
  const beside =
    before.agents === 0 ? '' : `, beside ${before.agents} that were started freely in this run and cost ${dollars(before.costMicroUsd)},`;
  const what = `${agents} sub-agent(s) that may cost ${dollars(worst)} at worst${beside} are above limits.delegateFreely`;
  if (free.agents !== undefined && before.agents + agents > free.agents) return `${what}.agents, which is ${free.agents}`;
  // What a sub-agent delegates is paid of its own slice, which is counted already.
  const spent = parent === 'lead' ? before.costMicroUsd : 0;
  if (free.usd !== undefined && spent + worst > free.usd) return `${what}.usd, which is ${dollars(free.usd)}`;
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
