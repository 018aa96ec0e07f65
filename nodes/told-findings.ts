/** A finding in a brief: its id, where it stands, how it stands against the rounds before, and what it says. */
import type { Finding } from '../domain/handoff.ts';

const STATES: Readonly<Record<NonNullable<Finding['state']>, string>> = {
  new: 'new',
  open: 'still open',
  changed: 'still red, in another way',
  back: 'came back: it was closed before',
  unjudged: 'not looked at again since',
};

/** `src/a.js:3`; empty without a path. */
export const placeOf = ({ path, line }: Pick<Finding, 'path' | 'line'>): string =>
  path === undefined ? '' : `${path}${line === undefined ? '' : `:${line}`}`;

/** One line about it, without its words. */
export function headOf(finding: Finding): string {
  const { id, severity, code, state, round } = finding;
  const since = state === undefined || state === 'new' || round === undefined ? '' : `, since attempt ${round}`;
  const whose = finding.needs_waiver === true ? "(a person's to waive)" : '';
  return [id, severity, code, placeOf(finding), state === undefined ? '' : `(${STATES[state]}${since})`, whose]
    .filter((one) => one !== '')
    .join(' ');
}

/** Serious ones first, in their order. */
export const seriousFirst = (findings: readonly Finding[]): Finding[] => [
  ...findings.filter((one) => one.severity !== 'minor'),
  ...findings.filter((one) => one.severity === 'minor'),
];

/** Of one finding's words, in bytes; as much as a check's output has in its finding. */
const WORDS_BYTES = 5 * 1024;

/** As many as fit into about `bytes` with all they say; of the others the first line, so that none is kept back. */
export function toldFindings(
  findings: readonly Finding[],
  bytes: number,
  more: (finding: Finding) => readonly string[] = () => [],
): string {
  let left = bytes;
  return seriousFirst(findings)
    .map((finding) => {
      const whole = [`${headOf(finding)}: ${clipped(finding.message, WORDS_BYTES)}`, ...more(finding)].join('\n');
      const size = Buffer.byteLength(whole);
      if (size > left) return `${headOf(finding)}: ${clipped(finding.message.split('\n', 1)[0] ?? '', 200)}`;
      left -= size;
      return whole;
    })
    .join('\n');
}

/** Cut at a whole character. */
export function clipped(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return `${Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\ufffd$/, '')} [cut]`;
}
