/** Well-known shapes of keys and tokens, each precise enough that what has it is one: no file of a candidate and no word of a caller may hold it. */

export interface KeyShape {
  readonly rule: string;
  readonly shape: RegExp;
}

export const KEY_SHAPES: readonly KeyShape[] = [
  { rule: 'governor-key', shape: /\bgvk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}/g },
  { rule: 'aws-access-key-id', shape: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { rule: 'google-api-key', shape: /\bAIza[A-Za-z0-9_-]{35}\b/g },
  { rule: 'stripe-key', shape: /\b[rs]k_live_[A-Za-z0-9]{16,}\b/g },
  { rule: 'github-token', shape: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b/g },
  { rule: 'openai-key', shape: /\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}\b/g },
  // Not far inside of a long word: from each `eyJ` of one the whole word would be tried.
  { rule: 'jwt', shape: /(?<![\w-]{64})\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\b/g },
  // From its first line to its last, or to the end of the text.
  { rule: 'private-key', shape: /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*$)/g },
];

/** The rule of the first shape that stands in a text; undefined where none does. */
export const keyShapeIn = (text: string): string | undefined => KEY_SHAPES.find(({ shape }) => text.search(shape) >= 0)?.rule;
