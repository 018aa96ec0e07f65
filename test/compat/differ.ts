/** Where two recorded answers differ, leaf by leaf, and which of it a table foresees. */
import type { Recorded } from './wire.ts';

export interface Deviation {
  /** `<scenario>/<label>` */
  readonly request: string;
  readonly path: string;
  readonly official: unknown;
  readonly ours: unknown;
}

export const ABSENT = '<absent>';
/** In a table: any value, but one that differs. */
export const ANY = '<any>';

export function compare(scenario: string, official: readonly Recorded[], ours: readonly Recorded[]): Deviation[] {
  const found: Deviation[] = [];
  const labels = new Set([...official, ...ours].map(({ label }) => label));
  for (const label of labels) {
    const of = (records: readonly Recorded[]): unknown => {
      const record = records.find((one) => one.label === label);
      return record === undefined ? ABSENT : { status: record.status, headers: record.headers, body: record.body, events: record.events };
    };
    const [left, right] = [of(official), of(ours)];
    const request = `${scenario}/${label}`;
    // An error and an answer have no more in common than two errors: what differs is the status.
    if (refuses(left) || refuses(right))
      walk(status(left), status(right), 'status', (path, a, b) => found.push({ request, path, official: a, ours: b }));
    else walk(left, right, '', (path, a, b) => found.push({ request, path, official: a, ours: b }));
  }
  return found;
}

const status = (record: unknown): unknown => (isRecord(record) ? record['status'] : record);
/** Or says what is not an error's form. */
const refuses = (record: unknown): boolean => isRecord(record) && Number(record['status']) >= 400 && record['body'] === '<error>';

function walk(left: unknown, right: unknown, path: string, report: (path: string, left: unknown, right: unknown) => void): void {
  if (Object.is(left, right)) return;
  if (Array.isArray(left) && Array.isArray(right)) {
    const length = Math.max(left.length, right.length);
    for (let index = 0; index < length; index += 1)
      walk(index < left.length ? left[index] : ABSENT, index < right.length ? right[index] : ABSENT, `${path}[${index}]`, report);
    return;
  }
  if (isRecord(left) && isRecord(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
      walk(member(left, key), member(right, key), path === '' ? key : `${path}.${key}`, report);
    return;
  }
  report(path, left, right);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
/** A member that is undefined is not in the JSON. */
const member = (value: Record<string, unknown>, key: string): unknown => value[key] ?? (value[key] === null ? null : ABSENT);

/** `*` stands for anything. */
export function fits(pattern: string, text: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 's').test(text);
}

export const equal = (foreseen: unknown, actual: unknown): boolean =>
  foreseen === ANY || JSON.stringify(foreseen) === JSON.stringify(actual);
