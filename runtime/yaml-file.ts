/** Reads a YAML file by its schema; every problem names file, line and key. */
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { UsageError } from '../domain/errors.ts';

/** Names that must never be keys of data from others. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype', 'lc']);
const MAX_BYTES = 256 * 1024;

/** What a file says. `lineOf`: where the value of a path stands, or the nearest one around it. */
export interface ParsedYaml<Value> {
  readonly raw: unknown;
  readonly value: Value;
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/** @throws UsageError listing each problem as `file:line: key: what is wrong`. */
export function parseYaml<Schema extends z.ZodType>(text: string, file: string, schema: Schema): ParsedYaml<z.output<Schema>> {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new UsageError(`${file}: ${Buffer.byteLength(text)} bytes; at most ${MAX_BYTES} are read`);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true });
  const broken = document.errors[0];
  if (broken !== undefined)
    throw new UsageError(`${file}:${counter.linePos(broken.pos[0]).line}: ${broken.message.split('\n')[0] ?? 'not YAML'}`);
  const raw: unknown = document.toJS({ maxAliasCount: 20 });
  const forbidden = forbiddenKey(raw, []);
  if (forbidden !== undefined) throw new UsageError(`${file}: ${forbidden.join('.')}: this key is not allowed`);
  const parsed = schema.safeParse(raw ?? {});
  const lineOf = (path: readonly (string | number)[]): number => {
    const node = deepest(document, path);
    return node === undefined ? 1 : counter.linePos(node).line;
  };
  if (parsed.success) return { raw: raw ?? {}, value: parsed.data, lineOf };
  const lines = parsed.error.issues.slice(0, 10).map((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const path = [...issue.path, ...(unknown === undefined ? [] : [unknown])].map((part) =>
      typeof part === 'symbol' ? String(part) : part,
    );
    const message = unknown === undefined ? issue.message : 'unknown key';
    return `${file}:${lineOf(path)}: ${path.join('.') || '(top)'}: ${message}`;
  });
  throw new UsageError(lines.join('\n'));
}

/** The offset of the deepest node of a path that exists. */
function deepest(document: ReturnType<typeof parseDocument>, path: readonly (string | number)[]): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (node !== null && typeof node === 'object' && 'range' in node && Array.isArray(node.range)) return Number(node.range[0]);
  }
  return undefined;
}

function forbiddenKey(value: unknown, path: readonly string[]): string[] | undefined {
  if (path.length > 32) return [...path.slice(0, 4), '...'];
  if (value === null || typeof value !== 'object') return undefined;
  for (const [key, member] of Object.entries(value)) {
    if (FORBIDDEN.has(key)) return [...path, key];
    const inside = forbiddenKey(member, [...path, key]);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
