/** Masks secrets before they reach a prompt, a log, a checkpoint or a file. The last line; "never in reach" is the first. */

import { sharedLines } from './text/line-diff.ts';

/** Well-known shapes of keys and tokens. */
const SHAPES = [
  /\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{30,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{30,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\b[rs]k_live_[A-Za-z0-9]{16,}/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

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

/** Lines with the secrets masked, also one that is several lines long, whichever of them are then shown. As many lines as before. */
export function maskedLines(lines: readonly string[], redact: (text: string) => string): readonly string[] {
  const masked = redact(lines.join('\n')).split('\n');
  if (masked.length === lines.length) return masked;
  const kept = new Set(sharedLines(lines, masked).map(([before]) => before));
  return lines.map((line, index) => (kept.has(index) ? line : redact(line) === line ? MASK : redact(line)));
}

/** A function that masks the given values in every variant, and the well-known shapes. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const known = secrets.flatMap(variants);
  return (text) => {
    let result = text;
    for (const value of known) if (result.includes(value)) result = result.replaceAll(value, MASK);
    for (const shape of SHAPES) result = result.replace(shape, MASK);
    return result;
  };
}
