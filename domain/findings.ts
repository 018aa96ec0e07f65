/** Findings over rounds: what makes one the same finding, and how each stands against the rounds before. */
import type { Earlier, Finding, JudgedEarlier, ReviewBody } from './handoff.ts';
import { digestOf } from './ids.ts';
import { steady } from './steady.ts';

/** What tells a finding from all others; a line number does not. */
export interface Identity {
  readonly source: string;
  readonly code: string;
  readonly path?: string | undefined;
  /** The text of the line that it points at: it stays the same when the line moves, and is another one at another place. */
  readonly anchor?: string | undefined;
  readonly what: string;
}

/** Its id, the same in every round. */
export function findingId(letter: 'F' | 'C', { source, code, path, anchor, what }: Identity): string {
  return `${letter}-${digestOf({ source, code, path: path ?? '', anchor: anchor?.trim() ?? '', message: placeless(steady(what)) }).slice(0, 10)}`;
}

/** A position behind the name of a file: `a.js:12:5`, `a.ts(3,5)`; the port of a host is none. */
const POSITION = /(?<!https?:\/\/[^\s/]{0,100})(\.[A-Za-z]\w{0,9})(?::\d{1,7}(?::\d{1,7})?|\(\d{1,7},\d{1,7}\))/g;
/** `line 12`, `column: 5`. */
const NUMBERED = /\b(lines?|col|columns?)([ :="']{1,3})\d{1,7}\b/gi;
/** The number at the edge of a code frame. */
const GUTTER = /^(\s*>?\s*)\d{1,7}(\s*\|)/;
/** Who compares two numbers means them. */
const COMPARES = /\b(?:expected|received|actual|got|want(?:ed)?|should)\b/i;

/** The words without the numbers of lines and columns. */
export const placeless = (text: string): string => text.split('\n').map(placelessLine).join('\n');

function placelessLine(line: string): string {
  const kept = line.replaceAll(POSITION, '$1:#').replace(GUTTER, '$1#$2');
  return COMPARES.test(kept) ? kept : kept.replaceAll(NUMBERED, '$1$2#');
}

/** A second finding with the same id in one review gets a number of its own. */
export function numbered(findings: readonly Finding[]): Finding[] {
  const times = new Map<string, number>();
  return findings.map((finding) => {
    const time = (times.get(finding.id) ?? 0) + 1;
    times.set(finding.id, time);
    return time === 1 ? finding : { ...finding, id: `${finding.id}-${time}` };
  });
}

/** A review that was made before this one, and of which attempt. */
export interface Round {
  readonly attempt: number;
  readonly review: Pick<ReviewBody, 'findings' | 'earlier'>;
}

export interface Standing {
  readonly findings: Finding[];
  readonly earlier: JudgedEarlier[];
}

/** Closed findings that a review file keeps, the newest; and characters of each that say which it was. */
const CLOSED = 100;
const CLOSED_WORDS = 300;

/**
 * What the rules found, against the round before. What they no longer find is mended; what they could not look for again
 * (`isSkipped`) stays as it was. The critic's findings are the critic's to judge: they are not among them.
 */
export function standingOfRules(
  now: { readonly attempt: number; readonly found: readonly Finding[]; readonly isSkipped: (finding: Finding) => boolean },
  before: Round | undefined,
): Standing {
  const known = (before?.review.findings ?? []).filter((one) => one.source !== 'critic').map((one) => withRound(one, before));
  const place = placing(now.attempt, known, before);
  const findings = numbered(now.found).map(place);
  const kept = new Set(findings.map((one) => one.id));
  const kin = new Set(findings.filter((one) => one.state === 'changed').map(kinOf));
  const gone = known.filter((one) => !kept.has(one.id) && !kin.has(kinOf(one)));
  const unjudged = gone.filter(now.isSkipped).map((one) => ({ ...one, state: 'unjudged' as const }));
  const mended = gone.filter((one) => !now.isSkipped(one)).map((one) => closed(one, now.attempt, MENDED));
  const all = [...findings, ...unjudged];
  return { findings: all, earlier: carried(before?.review.earlier ?? [], all, mended) };
}

const MENDED = { verdict: 'mended', reason: 'the rule no longer finds it' } as const;

/** With the critic's findings of the round before, which nobody has judged since. */
export function withUnjudged(review: ReviewBody, before: Round | undefined): ReviewBody {
  const waiting = criticFindings(before).map((one) => ({ ...one, state: 'unjudged' as const }));
  return { ...review, findings: [...review.findings, ...waiting] };
}

/** What the critic has to judge: its findings of the round before. */
export const criticFindings = (before: Round | undefined): Finding[] =>
  (before?.review.findings ?? []).filter((one) => one.source === 'critic').map((one) => withRound(one, before));

/** What is wrong with the critic's judgements of its earlier findings; empty when each serious one has exactly one. */
export function earlierProblems(known: readonly Finding[], given: readonly Earlier[]): string[] {
  const ids = known.map((one) => one.id);
  const named = given.map((one) => one.finding_id);
  const unknown = named.filter((id) => !ids.includes(id));
  const twice = named.filter((id, index) => named.indexOf(id) !== index);
  const missing = known.filter((one) => one.severity !== 'minor' && !named.includes(one.id)).map((one) => one.id);
  return [
    ...unknown.map((id) => `earlier: ${id} is no earlier finding of yours (${ids.join(', ') || 'there are none'}); leave it out`),
    ...twice.map((id) => `earlier: ${id} is judged twice; judge it once`),
    ...(missing.length === 0
      ? []
      : [`earlier: ${missing.join(', ')} must be judged too: each as mended, open or withdrawn, with a reason`]),
  ];
}

/** What a critic said in one round. */
export interface CriticSaid {
  readonly attempt: number;
  readonly found: readonly Finding[];
  readonly given: readonly Earlier[];
  /** What it had found before. */
  readonly known: readonly Finding[];
}

/**
 * What the critic found and how it judged what it had found before, on top of what the rules found. A finding that it tells again
 * is open, whatever it says of it beside that.
 */
export function standingOfCritic(said: CriticSaid, rules: Pick<ReviewBody, 'findings' | 'earlier'>, before: Round | undefined): Standing {
  const fresh = numbered(said.found);
  const again = new Set(fresh.map((one) => one.id));
  const old = said.known.map((finding) => ({ finding, judged: said.given.find((one) => one.finding_id === finding.id) }));
  const open = old.flatMap(({ finding, judged }): Finding[] => {
    if (judged?.verdict === 'open' || again.has(finding.id)) return [{ ...finding, state: 'open' }];
    return judged === undefined ? [{ ...finding, state: 'unjudged' }] : [];
  });
  const stays = new Set(open.map((one) => one.id));
  const added = fresh.filter((one) => !stays.has(one.id)).map(placing(said.attempt, [], before));
  const findings = [...rules.findings, ...open, ...added];
  const judged = old.flatMap(({ finding, judged: as }) => (as === undefined ? [] : [closed(finding, said.attempt, as)]));
  return { findings, earlier: carried(rules.earlier ?? [], findings, judged) };
}

const withRound = (finding: Finding, before: Round | undefined): Finding =>
  finding.round !== undefined || before === undefined ? finding : { ...finding, round: before.attempt };

/** With the round that found it first, and how it stands. */
function placing(attempt: number, known: readonly Finding[], before: Round | undefined): (finding: Finding) => Finding {
  // The first of several counts.
  const byId = new Map(known.toReversed().map((one) => [one.id, one]));
  const byKin = new Map(known.toReversed().map((one) => [kinOf(one), one]));
  const closedBefore = new Set((before?.review.earlier ?? []).filter((one) => one.verdict !== 'open').map((one) => one.finding_id));
  return (finding) => {
    const same = byId.get(finding.id);
    if (same !== undefined) return { ...finding, round: same.round ?? attempt, state: 'open' };
    const kin = kinOf(finding);
    const alike = kin === undefined ? undefined : byKin.get(kin);
    if (alike !== undefined) return { ...finding, round: alike.round ?? attempt, state: 'changed' };
    return { ...finding, round: attempt, state: closedBefore.has(finding.id) ? 'back' : 'new' };
  };
}

/** What measures the same thing, with another result; undefined for what stands at a line: there other words are another finding. */
function kinOf({ source, code, path, line, message }: Finding): string | undefined {
  if (line !== undefined) return undefined;
  return digestOf([source, code, path ?? '', message.split('\n', 1)[0]?.replaceAll(/\d+/g, '#') ?? '']);
}

const closed = (finding: Finding, round: number, { verdict, reason }: Pick<Earlier, 'verdict' | 'reason'>): JudgedEarlier => ({
  finding_id: finding.id,
  verdict,
  reason,
  round,
  source: finding.source,
  ...(finding.path === undefined ? {} : { path: finding.path }),
  message: (finding.message.split('\n', 1)[0] ?? '').slice(0, CLOSED_WORDS),
});

/** What was closed before stays on the list until it comes back. */
function carried(before: readonly JudgedEarlier[], findings: readonly Finding[], judged: readonly JudgedEarlier[]): JudgedEarlier[] {
  const there = new Set(findings.map((one) => one.id));
  const earlier = before.filter((one) => one.verdict !== 'open' && !there.has(one.finding_id));
  const again = judged.filter((one) => one.verdict === 'open' || !there.has(one.finding_id));
  return [...earlier.filter((one) => !again.some((other) => other.finding_id === one.finding_id)), ...again].slice(-CLOSED);
}

/** Where a line of a file stands now: the nearest one with the same text. Undefined when it is gone. */
export function movedLine(before: string, after: string, line: number): number | undefined {
  const lines = after.split('\n').map((one) => one.trim());
  const text = before.split('\n')[line - 1]?.trim() ?? '';
  if (text === '') return line <= lines.length ? line : undefined;
  const found = lines.flatMap((one, index) => (one === text ? [index + 1] : []));
  return found.toSorted((a, b) => Math.abs(a - line) - Math.abs(b - line) || a - b)[0];
}
