/** Gathers the conditions of a search with their parameters, in one numbering. */
import type { SqlValue } from '../sql/statement.ts';

export interface Conditions {
  readonly where: readonly string[];
  readonly parameters: readonly SqlValue[];
  /** `tenant = ?`: each `?` stands for the next of the values. */
  add(condition: string, ...values: readonly SqlValue[]): void;
  /** The column is one of these; of none, never. */
  addOneOf(column: string, values: readonly string[]): void;
  /** The column is none of these. */
  addNoneOf(column: string, values: readonly string[]): void;
}

/** @example const asked = conditions(); asked.add('status = ?', 'idle'); // asked.where: ['status = $1'] */
export function conditions(): Conditions {
  const where: string[] = [];
  const parameters: SqlValue[] = [];
  const add = (condition: string, ...values: readonly SqlValue[]): void => {
    let next = 0;
    where.push(
      condition.replaceAll('?', () => {
        parameters.push(values[next++] ?? null);
        return `$${parameters.length}`;
      }),
    );
  };
  const addOneOf = (column: string, values: readonly string[]): void => {
    if (values.length === 0) {
      add('1 = 0');
      return;
    }
    const filled = filledUp(values);
    add(`${column} IN (${filled.map(() => '?').join(', ')})`, ...filled);
  };
  const addNoneOf = (column: string, values: readonly string[]): void => {
    if (values.length === 0) return;
    const filled = filledUp(values);
    add(`${column} NOT IN (${filled.map(() => '?').join(', ')})`, ...filled);
  };
  return { where, parameters, add, addOneOf, addNoneOf };
}

/** Lists of alike lengths make the same text, of which each is prepared once: the last value fills up. */
function filledUp(values: readonly string[]): readonly SqlValue[] {
  const length = 2 ** Math.ceil(Math.log2(values.length));
  return Array.from({ length }, (_, index) => values[Math.min(index, values.length - 1)] ?? null);
}
