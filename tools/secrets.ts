/** Looks for secrets in whole files of a candidate; comments that switch a scanner off are ignored. */
import { decodeText } from './text/encoding.ts';

export interface SecretHit {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly masked: string;
}

/** What the preset misses. */
const OWN: readonly { readonly rule: string; readonly shape: RegExp }[] = [
  { rule: 'aws-access-key-id', shape: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { rule: 'google-api-key', shape: /\bAIza[A-Za-z0-9_-]{35}\b/g },
  { rule: 'stripe-key', shape: /\b[rs]k_live_[A-Za-z0-9]{16,}\b/g },
  { rule: 'github-token', shape: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b/g },
  { rule: 'openai-key', shape: /\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}\b/g },
  // Not far inside of a long word, as in `redact.ts`.
  { rule: 'jwt', shape: /(?<![\w-]{64})\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\b/g },
  // From its first line to its last, or to the end of the text.
  { rule: 'private-key', shape: /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*$)/g },
  { rule: 'password-literal', shape: /\b(?:password|passwd|secret|api_?key|auth_?token)\b["']?\s*[:=]\s*["']([^"'\s]{12,})["']/gi },
];

const MAX_BYTES = 5 * 1024 * 1024;
/** Bits a character: random text has more, words have less. */
const ENTROPY_BITS = 3.3;

export async function scanSecrets(
  files: readonly { readonly path: string; readonly content: Buffer }[],
  extra: readonly string[] = [],
): Promise<SecretHit[]> {
  const hits: SecretHit[] = [];
  for (const file of files) {
    if (file.content.length > MAX_BYTES) continue;
    for (const text of readings(file.content)) {
      hits.push(...ownHits(file.path, text, extra));
      hits.push(...(await presetHits(file.path, text)));
    }
  }
  const seen = new Set<string>();
  return hits.filter((hit) => {
    const key = `${hit.path}:${hit.line}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Shorter pieces of a secret stand in too many other words. */
const MIN_VALUE = 8;

/**
 * What of a file must not be shown: the secrets in it, line by line, since a part of the file may begin in the middle of one. Where a
 * secret stands only in an encoded form, its whole line.
 */
export async function secretValues(content: Buffer): Promise<string[]> {
  if (content.length > MAX_BYTES) return [];
  const raw = content.toString('utf8').split('\n');
  const values = new Set<string>();
  for (const text of readings(content)) {
    const lineOf = linesOf(text);
    const found = [...ownMatches(text), ...(await presetRanges(text))];
    for (const { value, index } of found) {
      const lines = value.split(/\r?\n/).filter((line) => line.trim().length >= MIN_VALUE);
      const whole = raw[lineOf(index) - 1]?.trim() ?? '';
      const isThere = lines.length > 0 && (value.includes('\n') || lines.some((line) => whole.includes(line)));
      for (const line of isThere ? lines : [whole]) if (line.length >= MIN_VALUE) values.add(line.trim());
    }
  }
  // The longer first: one may hold another.
  return [...values].toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

/** The text in its encoding, and where there are zero bytes without them, so that a wide text with one odd byte is read too. */
function readings(content: Buffer): string[] {
  const text = decodeText(content)?.text ?? content.toString('utf8');
  return (content.includes(0) ? [text, content.toString('latin1').replaceAll('\0', '')] : [text]).map(decoded);
}

/** With base64 words decoded once at the end of their line. */
function decoded(text: string): string {
  const plain = text.replace(/[\u200b-\u200f\u2060\ufeff]/g, '');
  const words = plain.replace(/[A-Za-z0-9+/]{32,}={0,2}/g, (word) => {
    const inside = Buffer.from(word, 'base64').toString('latin1');
    return /^[\x20-\x7e]+$/.test(inside) ? `${word} ${inside}` : word;
  });
  return words.replace(/secretlint-(?:disable|enable)[a-z-]*/g, 'x');
}

interface Match {
  readonly rule: string;
  readonly value: string;
  readonly index: number;
}

function ownMatches(text: string): Match[] {
  return OWN.flatMap(({ rule, shape }) =>
    [...text.matchAll(shape)].flatMap((match): Match[] => {
      const value = match[1] ?? match[0];
      if (rule === 'password-literal' && (entropy(value) < ENTROPY_BITS || /^(?:\$\{|process\.|<)/.test(value))) return [];
      return [{ rule, value, index: match.index }];
    }),
  );
}

function ownHits(path: string, text: string, extra: readonly string[]): SecretHit[] {
  const lineOf = linesOf(text);
  const hits = ownMatches(text).map(({ rule, value, index }) => ({ path, line: lineOf(index), rule, masked: mask(value) }));
  for (const value of extra) {
    const at = text.indexOf(value);
    if (value.length >= 8 && at >= 0) hits.push({ path, line: lineOf(at), rule: 'known-secret', masked: mask(value) });
  }
  return hits;
}

async function presetHits(path: string, text: string): Promise<SecretHit[]> {
  return (await presetMessages(path, text)).map((message) => ({
    path,
    line: message.loc.start.line,
    rule: message.ruleId.replace(/^@secretlint\/secretlint-rule-/, ''),
    masked: message.message.slice(0, 120),
  }));
}

async function presetRanges(text: string): Promise<Match[]> {
  return (await presetMessages('file', text)).map(({ ruleId, range: [from, to] }) => ({
    rule: ruleId,
    value: text.slice(from, to),
    index: from,
  }));
}

async function presetMessages(path: string, text: string) {
  const [{ lintSource }, { creator }] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ]);
  const { messages } = await lintSource({
    source: { filePath: path, content: text, ext: path.slice(path.lastIndexOf('.')), contentType: 'text' },
    options: {
      config: { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator }] },
      noPhysicFilePath: true,
      maskSecrets: true,
    },
  });
  return messages;
}

/** Gives the line, from 1, of a place in the text. */
function linesOf(text: string): (index: number) => number {
  const breaks: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) breaks.push(at);
  return (index) => {
    let [low, high] = [0, breaks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((breaks[middle] ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
const mask = (value: string): string => `${value.slice(0, 4)}${'*'.repeat(8)}`;

function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
