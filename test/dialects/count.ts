/** The servers' own count of tokens: made up, but the same every time, and never the client's. */
import type { Unit } from './types.ts';

const BYTES_A_TOKEN = 3.6;
const TOKENS_A_MESSAGE = 4;

/** Tokens of a text that stands for itself. */
export function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_A_TOKEN);
}

/** Tokens of a message or of the list of tools. */
export const unitTokens = (unit: Unit): number => textTokens(unit.text) + TOKENS_A_MESSAGE;

export const inputTokens = (units: readonly Unit[]): number => units.reduce((sum, unit) => sum + unitTokens(unit), 0);

/** What earlier requests left behind, and how much of a new one it covers. */
export interface PrefixCache {
  read(units: readonly Unit[], caching: 'prefix' | 'marks' | 'none'): { readonly cached: number; readonly written: number };
}

const REQUESTS_KEPT = 64;

export function createPrefixCache(): PrefixCache {
  const kept: (readonly Unit[])[] = [];
  return {
    read(units, caching) {
      if (caching === 'none') return { cached: 0, written: 0 };
      const end = caching === 'prefix' ? units.length : units.findLastIndex((unit) => unit.mark === true) + 1;
      const part = units.slice(0, end);
      const shared = Math.max(0, ...kept.map((earlier) => sharedLength(earlier, part)));
      if (part.length > 0) kept.push(part);
      if (kept.length > REQUESTS_KEPT) kept.shift();
      const cached = inputTokens(part.slice(0, shared));
      return { cached, written: caching === 'marks' ? inputTokens(part) - cached : 0 };
    },
  };
}

function sharedLength(one: readonly Unit[], two: readonly Unit[]): number {
  let length = 0;
  while (length < one.length && length < two.length && one[length]?.text === two[length]?.text) length += 1;
  return length;
}
