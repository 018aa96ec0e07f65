/** Which values a search of the store asks for: the filter operators of LangGraph's BaseStore, and words. */
import { isDeepStrictEqual } from 'node:util';
import { type Json, ServedError } from '../../domain/served.ts';

export type Wanted = (value: Json) => boolean;
type Compare = (found: unknown, wanted: unknown) => boolean;

const same: Compare = (found, wanted) => found === wanted || isDeepStrictEqual(found, wanted);

// Orders compare as numbers, as the in-memory store's do: an absent member and a word are never more or less than anything.
const OPERATORS: Readonly<Record<string, Compare>> = {
  $eq: same,
  $ne: (found, wanted) => !same(found, wanted),
  $gt: (found, wanted) => Number(found) > Number(wanted),
  $gte: (found, wanted) => Number(found) >= Number(wanted),
  $lt: (found, wanted) => Number(found) < Number(wanted),
  $lte: (found, wanted) => Number(found) <= Number(wanted),
  $in: (found, wanted) => Array.isArray(wanted) && wanted.some((one) => same(found, one)),
  $nin: (found, wanted) => !Array.isArray(wanted) || !wanted.some((one) => same(found, one)),
};

/**
 * A filter names members of the value. Without operators the member must be equal, objects and lists by their content.
 * @throws ServedError `invalid` naming an operator that does not exist.
 */
export function filterWanted(filter: Json | undefined): Wanted | undefined {
  const rules = Object.entries(filter ?? {}).map(([member, wanted]) => ({ member, tests: testsOf(member, wanted) }));
  if (rules.length === 0) return undefined;
  return (value) =>
    rules.every(({ member, tests }) => {
      const found = Object.hasOwn(value, member) ? value[member] : undefined;
      return tests.every(({ compare, wanted }) => compare(found, wanted));
    });
}

function testsOf(member: string, wanted: unknown): readonly { compare: Compare; wanted: unknown }[] {
  const rules = typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted) ? Object.entries(wanted) : undefined;
  if (rules === undefined || (rules.length > 0 && !rules.some(([name]) => name.startsWith('$')))) return [{ compare: same, wanted }];
  return rules.map(([name, operand]) => {
    const compare = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
    if (compare === undefined)
      throw new ServedError('invalid', `filter.${member}: ${name} is no operator; use ${Object.keys(OPERATORS).join(', ')}`);
    return { compare, wanted: operand };
  });
}

/** Every word of the query is somewhere in the text of the value's members, in any case. */
export function wordsWanted(query: string | undefined): Wanted | undefined {
  const words = (query ?? '').toLowerCase().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return undefined;
  return (value) => {
    const text = textOf(value).toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function textOf(value: unknown): string {
  const texts: string[] = [];
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') texts.push(next);
    else if (typeof next === 'object' && next !== null) for (const member of Object.values(next)) open.push(member);
    else if (next !== null) texts.push(JSON.stringify(next));
  }
  return texts.join('\n');
}
