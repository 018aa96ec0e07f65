/** A gate in the words of a person, as an inbox shows it: what it is about, what speaks for and against it, how to answer; hashes last. */
import { basename } from 'node:path';
import { visible } from '../../domain/access.ts';
import { isFanOut } from '../../domain/fan-out.ts';
import type { PlanBody } from '../../domain/handoff.ts';
import { sandboxWords } from '../../domain/sandbox-words.ts';
import type { Sandbox } from '../../domain/workspace.ts';
import type { GatePayload } from '../session.ts';

/** An inbox shows so many characters of a card in its row. */
const ROW = 65;
/** Longest part of them that is the goal's, in characters. */
const ROW_GOAL = 38;
/** Shortest piece of a difference that tells anything, in characters. */
const MIN_DIFF = 120;

/** What a person is told beside the question; no part of what is decided. */
export interface Presented {
  readonly threadId: string;
  readonly goal: string;
  /** Its folder. */
  readonly repository: string;
  readonly costMicroUsd: number;
  /** What the checks ran in. */
  readonly sandbox: Pick<Sandbox, 'level' | 'layers'>;
  /** At the plan gate: it can be edited where it fits. */
  readonly plan?: PlanBody | undefined;
  /** What the change does, in the planner's words. */
  readonly summary?: string | undefined;
  /** Each check with what came of it. */
  readonly checks?: readonly string[] | undefined;
  /** The candidate against its base, masked. */
  readonly diff?: string | undefined;
  /** Where the whole of it is shown. */
  readonly link: string;
}

/** At most `cap` UTF-16 units; the difference gives way first, then the end. */
export function cardText(payload: GatePayload, facts: Presented, cap: number): string {
  const { head, tail } = describe(payload, facts);
  const [before, after] = [visible(head.join('\n')), visible(tail.join('\n'))];
  const room = cap - before.length - after.length - FENCE.length;
  const change = (facts.diff ?? '').replaceAll(BLOBS, '');
  const diff = change === '' || room < MIN_DIFF ? '' : `\n${fenced(visible(change), room)}`;
  return clipped(`${before}${diff}\n${after}`, cap);
}

/** The line of a difference that holds nothing but hashes. */
const BLOBS = /^index [0-9a-f]+\.\.[0-9a-f]+.*\n/gm;
const FENCE = '\n````diff\n\n````';

/** Whole lines of it; four ticks, since a difference may hold three. */
function fenced(diff: string, room: number): string {
  const fits = diff.length <= room ? diff : diff.slice(0, room - 5).replace(/\n[^\n]*$/, '\n...');
  return `\`\`\`\`diff\n${fits.replaceAll('````', "''''").trimEnd()}\n\`\`\`\``;
}

/** What an inbox that reads Markdown would take for HTML, a fence, a link or a picture, and with it hide or change the lines after it. */
const plain = (words: string): string =>
  words
    .replaceAll('<', '\\<')
    .replaceAll('](', ']\\(')
    .replaceAll(/`{3,}|~{3,}/g, "'''");

/** Words of an agent or a repository are one line: they begin none that looks like the runtime's. */
const oneLine = (words: unknown): string =>
  plain(String(words))
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();

/** Told apart in a list: the goal, the repository, and the end of the thread's id, whose beginning is the time. */
function firstLine({ goal, repository, threadId }: Presented): string {
  const line = plain(goal.split('\n')[0]?.trim() ?? '');
  const end = ` · ${basename(repository).slice(0, 15)} · ${threadId.slice(-4)}`;
  return `${clipped(line, Math.max(ROW_GOAL, ROW - end.length))}${end}`;
}

/** A goal that its row does not hold whole. */
const wholeGoal = (facts: Presented): string[] =>
  firstLine(facts).startsWith(`${plain(facts.goal.trim())} · `) ? [] : [`Goal: ${plain(clipped(facts.goal.trim(), 600))}`];

interface Parts {
  readonly head: readonly string[];
  readonly tail: readonly string[];
}

function describe(payload: GatePayload, facts: Presented): Parts {
  const { gate, subject } = payload;
  // A page that reads it as Markdown joins lines that no empty one parts.
  const head = [firstLine(facts), '', ...wholeGoal(facts)];
  const stage = (asks: string): string => `**approve_${gate}** asks: ${asks}`;
  const end = `Subject ${subject.digest}.`;
  if (gate === 'budget') {
    const { question, lines: told } = budget(payload);
    return { head: [...head, stage(question), ...told, people(payload, facts), ran(facts)], tail: [link(facts), end] };
  }
  if (gate === 'plan')
    return {
      head: [...head, stage('may this plan be built?'), ...planLines(payload, facts)],
      tail: [ran(facts), howTo('builds it', 'sends it back to the planner'), link(facts), end],
    };
  return {
    head: [
      ...head,
      stage(`may this change be released? It changes ${String(payload.shown['files'])} file(s).`),
      ...releaseLines(payload, facts),
    ],
    tail: [
      ran(facts),
      howTo('releases it', 'sends it back to the builder'),
      link(facts),
      `Commit ${String(payload.shown['candidate'])}, review ${String(payload.shown['review'])}.`,
      end,
    ],
  };
}

const ran = ({ sandbox }: Presented): string => `Commands run in ${sandboxWords(sandbox)}.`;

const link = ({ link: where }: Presented): string => `All of it: ${where}`;

const howTo = (approval: string, rejection: string): string =>
  `To approve ${approval}. To reject, or to respond, ${rejection} with your words. A chat message decides nothing. "Mark as resolved" cancels the run.`;

function people({ required }: GatePayload, { costMicroUsd }: Presented): string {
  const who = `${required.min === 1 ? 'A person' : `${required.min} people`} with role ${required.role}${required.notStarter ? ', not the starter,' : ''}`;
  return `${who} must decide. Spent so far: ${dollars(costMicroUsd)}.`;
}

function redLines({ shown }: GatePayload): string {
  const origins = lines(shown['red_line_origins']);
  const named = lines(shown['red_lines']).map((id, index) => `${id} ${origins[index] ?? ''}`.trim());
  return named.length === 0 ? 'No red line is touched.' : `RED LINES: ${named.join(', ')}.`;
}

function budget({ shown, subject }: GatePayload): { readonly question: string; readonly lines: readonly string[] } {
  const spent = `Spent ${dollars(shown['spent_micro_usd'])} of ${dollars(shown['limit_micro_usd'])}.`;
  if (isFanOut({ facts: subject }))
    return {
      question: `allow this fan-out? ${oneLine(shown['message'])}`,
      lines: [`${spent} To reject, or to respond, lets the lead go on alone. "Mark as resolved" cancels the run.`, ...fanOutTitles(shown)],
    };
  return {
    question: `more budget? ${oneLine(shown['message'])}`,
    lines: [
      `${spent} To allow more, edit add_usd to the dollars that may be spent more. To reject, or to respond, ends the run with your words. "Mark as resolved" cancels it.`,
    ],
  };
}

function planLines(payload: GatePayload, facts: Presented): string[] {
  const { shown } = payload;
  return [
    oneLine(shown['summary']),
    ...(typeof shown['question'] === 'string' ? [`It asks: ${oneLine(shown['question'])}`] : []),
    redLines(payload),
    people(payload, facts),
    ...(facts.plan?.items ?? []).map((item) => `- ${oneLine(item.title)}: ${oneLine(item.paths.join(', ')) || 'any path'}`),
  ];
}

function releaseLines(payload: GatePayload, { summary, checks = [], ...facts }: Presented): string[] {
  const { shown } = payload;
  const waive = lines(shown['waive']);
  return [
    ...(summary === undefined || summary === '' ? [] : [clipped(oneLine(summary), 500)]),
    shown['no_checks'] === true ? 'NO CHECKS are configured.' : `Checks: ${oneLine(checks.join(', ')) || 'none ran'}.`,
    redLines(payload),
    ...(waive.length === 0 ? [] : [`OPEN FINDINGS, each of which an approval must waive by its id: ${waive.join(', ')}.`]),
    ...lines(shown['findings']).map((line) => `- ${oneLine(line)}`),
    ...lines(shown['warnings']).map((line) => `Warning: ${oneLine(line)}.`),
    people(payload, facts),
    ...lines(shown['changed']).map((line) => `- ${oneLine(line)}`),
  ];
}

function fanOutTitles(shown: GatePayload['shown']): string[] {
  const asked = shown['fan_out'];
  return typeof asked === 'object' && asked !== null && 'titles' in asked ? lines(asked.titles).map((title) => `- ${oneLine(title)}`) : [];
}

const dollars = (microUsd: unknown): string => (typeof microUsd === 'number' ? `$${(microUsd / 1_000_000).toFixed(2)}` : 'no limit');
export const lines = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export function clipped(text: string, cap: number): string {
  return text.length <= cap ? text : `${text.slice(0, cap - 3).replace(/[\ud800-\udbff]$/, '')}...`;
}
