/** A request that breaks one rule and the request most like it that breaks none, both as changes to an honest one. */
import type { DialectOptions } from '../types.ts';

/** What takes a field away. */
export const DROP = Symbol('drop');

/** A path into the body, or `@path`, `@method`, `@key`, `@raw`, `@header.<name>`; and what stands there instead. */
export type Change = readonly [path: string, value: unknown];

export interface Case {
  readonly offence: readonly Change[];
  readonly honest: readonly Change[];
  readonly options?: Partial<DialectOptions>;
}
export type Cases = Readonly<Record<string, Case>>;

export interface Draft {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Honest {
  readonly path: string;
  readonly keyHeader: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export const once = (path: string, value: unknown, honest: unknown, options?: Partial<DialectOptions>): Case => ({
  offence: [[path, value]],
  honest: honest === undefined ? [] : [[path, honest]],
  ...(options === undefined ? {} : { options }),
});

export function draftOf(honest: Honest, changes: readonly Change[]): Draft {
  const body: unknown = structuredClone(honest.body);
  const headers: Record<string, string> = { 'content-type': 'application/json', ...honest.headers, [honest.keyHeader]: honest.key };
  let { path } = honest;
  let method = 'POST';
  let raw: string | undefined;
  for (const [at, value] of changes) {
    const text = String(value);
    if (at === '@path') path = text.replaceAll('{path}', honest.path);
    else if (at === '@method') method = text;
    else if (at === '@raw') raw = text;
    else if (at === '@key' || at.startsWith('@header.')) {
      const name = at === '@key' ? honest.keyHeader : at.slice('@header.'.length);
      if (typeof value === 'symbol') delete headers[name];
      else headers[name] = text;
    } else put(body, at.split('.'), value);
  }
  return { method, path, headers, text: raw ?? JSON.stringify(body) };
}

/** `+` is the place after the last of a list. */
function put(target: unknown, [step = '', ...rest]: readonly string[], value: unknown): void {
  if (typeof target !== 'object' || target === null) throw new Error(`nothing to change at ${step}`);
  const key = Array.isArray(target) && step === '+' ? String(target.length) : step;
  if (rest.length > 0) {
    put(Reflect.get(target, key), rest, value);
    return;
  }
  if (typeof value !== 'symbol') Reflect.set(target, key, structuredClone(value));
  else if (Array.isArray(target)) target.splice(Number(key), 1);
  else Reflect.deleteProperty(target, key);
}
