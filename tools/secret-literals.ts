/** Values that are given to a name that says they are secret: `client_secret: "..."`, `DB_PASSWORD=...`, `Bearer ...`. */

export interface Literal {
  readonly rule: string;
  readonly value: string;
  readonly index: number;
}

const NAMES = 'password|passwd|secret|api_?key|auth_?token|access_?token|client_?secret|secret_?key|private_?key';

/** The name by itself, in quotes; for these a value of words is enough. */
const BY_ITSELF = /\b(?:password|passwd|secret|api_?key|auth_?token)\b["']?\s*[:=]\s*["']([^"'\s]{12,})["']/gi;
/** Also as the end of a longer name, such as `dbPassword`. */
const AS_END = new RegExp(`(?:${NAMES})["']?\\s*[:=]\\s*["']([^"'\\s]{12,})["']`, 'gi');
const BARE = '([^\\s"\'`#;,$<>(){}\\[\\]\\\\|&]{12,})[ \\t]*(?:#.*)?\\r?$';
/** As environment files and manifests have it: nothing else stands on the line, and a word is a value. */
const ENVIRONMENT = new RegExp(`^[ \\t-]*(?:(?:export|set|ENV)[ \\t]+)?[A-Z0-9_]*(?:${NAMES.toUpperCase()})(?:=|:[ \\t]+)${BARE}`, 'gm');
/** As settings files have it. A word may be a name there, as in code. */
const SETTING = new RegExp(`^[ \\t]*[\\w.-]*(?:${NAMES})[ \\t]*=[ \\t]*${BARE}`, 'gim');
const BEARER = /\bBearer[ \t]+([A-Za-z0-9._~+/-]{20,}=*)/g;

/** Bits a character: random text has more, words have less. */
const ENTROPY_BITS = 3.3;
const PLACE_HOLDERS = /example|sample|dummy|placeholder|change.?me|replace|redacted|your[_-]|fake|test|x{4}|\.\.\./i;
const OTHER_PLACE = /^(?:\$|process\.|<|\.{0,2}\/|https?:|secret:)/;
const WORDS = /^[A-Za-z]+(?:[-_.](?:[A-Za-z]+|\d{1,3}))+$/;
const NAME_OF_CODE = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*$/;

export function secretLiterals(text: string): Literal[] {
  return [
    ...matches(text, 'password-literal', BY_ITSELF, (value) => isRandom(value) && !OTHER_PLACE.test(value)),
    ...matches(text, 'password-literal', AS_END, isKey),
    ...matches(text, 'password-assignment', ENVIRONMENT, isKey),
    ...matches(text, 'password-assignment', SETTING, (value) => isKey(value) && !NAME_OF_CODE.test(value)),
    ...matches(text, 'bearer-token', BEARER, isKey),
  ];
}

function matches(text: string, rule: string, shape: RegExp, isSecret: (value: string) => boolean): Literal[] {
  return [...text.matchAll(shape)].flatMap(({ 0: whole, 1: value = whole, index }) =>
    isSecret(value) ? [{ rule, value, index: index + whole.indexOf(value) }] : [],
  );
}

/** Letters and digits without an order, and nothing that says it is none. */
const isKey = (value: string): boolean =>
  /[A-Za-z]/.test(value) &&
  /\d/.test(value) &&
  isRandom(value) &&
  !WORDS.test(value) &&
  !PLACE_HOLDERS.test(value) &&
  !OTHER_PLACE.test(value);

const isRandom = (value: string): boolean => entropy(value) >= ENTROPY_BITS;

function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
