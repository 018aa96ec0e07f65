/** Masks secrets before they reach a prompt, a log, a checkpoint or a file. The last line; "never in reach" is the first. */

import { sharedLines } from './text/line-diff.ts';

/** A well-known shape of keys and tokens, with every beginning that it can have: whoever sees a text in pieces waits from there on. */
interface Shape {
  readonly openings: readonly [string, ...string[]];
  /** Beside its opening of `SHAPE_CHARACTERS` alone. Whatever stands in a text, it is gone through once. */
  readonly whole: RegExp;
}

const SHAPES: readonly Shape[] = [
  { openings: ['sk-'], whole: /\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}/g },
  { openings: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], whole: /\bgh[pousr]_[A-Za-z0-9]{30,}/g },
  { openings: ['github_pat_'], whole: /\bgithub_pat_[A-Za-z0-9_]{30,}/g },
  { openings: ['AKIA', 'ASIA'], whole: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { openings: ['xoxa-', 'xoxb-', 'xoxp-', 'xoxr-', 'xoxs-'], whole: /\bxox[abprs]-[A-Za-z0-9-]{10,}/g },
  { openings: ['npm_'], whole: /\bnpm_[A-Za-z0-9]{30,}/g },
  { openings: ['rk_live_', 'sk_live_'], whole: /\b[rs]k_live_[A-Za-z0-9]{16,}/g },
  { openings: ['gvk_'], whole: /\bgvk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}/g },
  { openings: ['AIza'], whole: /\bAIza[A-Za-z0-9_-]{30,}/g },
];

/**
 * A JSON web token from the dot behind its header on. The header is looked for from there backwards: forwards each `eyJ` of a long word
 * would be tried up to the end of the word, which takes minutes for a megabyte.
 */
const TOKEN_OPENING = 'eyJ';
const TOKEN_REST = /\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g;
const TOKEN_HEADER = /\beyJ[A-Za-z0-9_-]{8,}$/;
const WORD_CHARACTER = /[A-Za-z0-9_-]/;

export const OPENINGS: readonly string[] = [...SHAPES.flatMap(({ openings }) => openings), TOKEN_OPENING];
/** As a class of a regular expression. */
export const SHAPE_CHARACTERS = 'A-Za-z0-9_.-';

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const PATTERNS: readonly RegExp[] = [...SHAPES.map(({ whole }) => whole), PRIVATE_KEY];

/** Stands where a secret stood, in everything that an agent reads. */
export const MASK = '[REDACTED]';

/** The forms in which a value may turn up: as it is, JSON-escaped, URL-encoded, hex, and base64 in its three alignments. */
function variants(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Characters that also hold bits of the neighbours differ with the context and are left out.
    return text.slice(shift === 0 ? 0 : shift + 1, (bytes.length + shift) % 3 === 0 ? undefined : -1);
  });
  const all = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    ...shifted,
    ...shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return [...new Set(all)].filter((text) => text.length >= 8).toSorted((a, b) => b.length - a.length);
}

/** Of a value with several lines each by itself, as a patch or a numbered listing shows it. */
const linesOf = (secret: string): string[] => (secret.includes('\n') ? secret.split(/\r?\n/) : []);

/** Every form in which one of these values is masked. */
export const formsOf = (secrets: readonly string[]): string[] => [
  ...new Set(secrets.flatMap((secret) => [secret, ...linesOf(secret)]).flatMap(variants)),
];

type Range = readonly [start: number, end: number];

/** Where secrets stand whole in a text; they may overlap. */
export function secretsIn(text: string, known: readonly string[]): readonly Range[] {
  const found = [...tokensIn(text), ...knownIn(text, known)];
  for (const pattern of PATTERNS) for (const match of text.matchAll(pattern)) found.push([match.index, match.index + match[0].length]);
  return found;
}

function knownIn(text: string, known: readonly string[]): Range[] {
  const found: Range[] = [];
  for (const value of known)
    for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) found.push([at, at + value.length]);
  return found;
}

function tokensIn(text: string): Range[] {
  const found: Range[] = [];
  const rest = new RegExp(TOKEN_REST);
  for (let match = rest.exec(text); match !== null; match = rest.exec(text)) {
    const header = headerBefore(text, match.index);
    if (header === undefined) rest.lastIndex = match.index + 1;
    else found.push([header, match.index + match[0].length]);
  }
  return found;
}

function headerBefore(text: string, end: number): number | undefined {
  let start = end;
  while (start > 0 && WORD_CHARACTER.test(text[start - 1] ?? '')) start -= 1;
  const at = text.slice(start, end).search(TOKEN_HEADER);
  return at < 0 ? undefined : start + at;
}

/** Lines with the secrets masked, also one that is several lines long, whichever of them are then shown. As many lines as before. */
export function maskedLines(lines: readonly string[], redact: (text: string) => string): readonly string[] {
  const text = lines.join('\n');
  const shown = redact(text);
  if (shown === text) return lines;
  const masked = shown.split('\n');
  if (masked.length === lines.length) return masked;
  const kept = new Set(sharedLines(lines, masked).map(([before]) => before));
  return lines.map((line, index) => (kept.has(index) ? line : redact(line) === line ? MASK : redact(line)));
}

/** Characters from which on a text is remembered: a file that is read in pieces is masked whole for each of them. */
const LONG = 4096;

/** A function that masks the given values in every variant, and the well-known shapes. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const known = formsOf(secrets);
  let last = { text: '', shown: '' };
  return (text) => {
    if (text.length < LONG) return masked(text, secretsIn(text, known));
    if (text !== last.text) last = { text, shown: masked(text, secretsIn(text, known)) };
    return last.shown;
  };
}

/** What is known to be secret, by value alone: in what a model answers, a well-known shape may be an example that it makes up. */
export interface Known {
  /** Where the values stand in a text, in every variant; they may overlap. */
  readonly find: (text: string) => readonly Range[];
  readonly mask: (text: string) => string;
}

export function createKnown(secrets: readonly string[]): Known {
  const known = formsOf(secrets);
  return { find: (text) => knownIn(text, known), mask: (text) => masked(text, knownIn(text, known)) };
}

/** One mask for what overlaps: else the end of one secret would stay where the beginning of another was masked. */
function masked(text: string, secrets: readonly Range[]): string {
  let shown = '';
  let upTo = 0;
  for (const [start, end] of secrets.toSorted(([one], [other]) => one - other)) {
    if (end <= upTo) continue;
    if (start >= upTo) shown += `${text.slice(upTo, start)}${MASK}`;
    upTo = end;
  }
  return shown + text.slice(upTo);
}
