/** One route: declared once, for the router, the validation and the OpenAPI document. */
import type { Context } from 'hono';
import { z } from 'zod';
import { keyShapeIn } from '../../domain/key-shapes.ts';
import type { Scope } from '../../domain/served.ts';
import type { Action, Caller, Permission, Resource } from '../auth/caller.ts';
import { Problem } from './problem.ts';

export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  /** The caller's tenant. For a route that touches rows a custom auth handler knows, use `allowed`. */
  readonly scope: Scope;
  /** Asks the auth handler and gives the scope with its filters. */
  allowed(resource: Resource, action: Action, value: Record<string, unknown>): Promise<Scope>;
  readonly c: Context;
}

export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In OpenAPI's form: `/threads/{thread_id}/runs`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  /** A missing body is an empty object. */
  readonly bodyOptional: boolean;
  /** Of the successful answer. */
  readonly status: number;
  readonly response: z.ZodType | undefined;
  /** Media type of the successful answer. */
  readonly media: string;
  /**
   * It may change something although `read` is all that it needs of itself, so an idempotency key has its effect; true of an answer
   * that says, with 200, that nothing was done.
   */
  readonly isRefusal: ((answer: string) => boolean) | undefined;
  handle(call: Call): Promise<Response>;
}

interface Declared<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly tag: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly bodyOptional?: boolean;
  readonly status?: number;
  readonly response?: z.ZodType;
  readonly media?: string;
  readonly isRefusal?: (answer: string) => boolean;
}

/**
 * Declares a route; the handler gets what the schemas made of the request. It asks `call.allowed` before it touches rows, and passes the
 * scope on, so that another tenant's row is a 404:
 *
 * ```ts
 * const getNote = ({ served }: Server): Endpoint =>
 *   endpoint(
 *     'get',
 *     '/threads/{thread_id}/note',
 *     { tag: 'threads', summary: 'Get the note of a thread', permission: 'read', params: threadParams, response: noteSchema },
 *     async (call) => {
 *       const scope = await call.allowed('threads', 'read', { thread_id: call.params.thread_id });
 *       return json(await served.notes.get(scope, call.params.thread_id));
 *     },
 *   );
 * ```
 */
export function endpoint<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined, B extends z.ZodType = z.ZodUndefined>(
  method: Endpoint['method'],
  path: string,
  declared: Declared<P, Q, B>,
  handle: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Response>,
): Endpoint {
  return {
    method,
    path,
    tag: declared.tag,
    summary: declared.summary,
    permission: declared.permission,
    params: declared.params,
    query: declared.query,
    body: declared.body,
    bodyOptional: declared.bodyOptional ?? false,
    status: declared.status ?? 200,
    response: declared.response,
    media: declared.media ?? 'application/json',
    isRefusal: declared.isRefusal,
    handle: (call) => handle(call as Call<z.output<P>, z.output<Q>, z.output<B>>), // parsed by the very schemas above
  };
}

/** @throws Problem 422 naming the first field that is wrong, the rule, and the value. */
export function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Problem(
    422,
    parsed.error.issues
      .slice(0, 5)
      .map((issue) => sentence(issue, value, where))
      .join('; '),
  );
}

function sentence(issue: z.core.$ZodIssue, value: unknown, where: string): string {
  if (issue.code === 'unrecognized_keys')
    return `${place(where, issue.path)}: unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  if (issue.code === 'invalid_union') {
    // The branch that came furthest tells most.
    const branch = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0];
    const telling = branch !== undefined && branch.path.length > 0 ? branch : issue.errors.flat().find(isOwnRule);
    if (telling !== undefined) return sentence({ ...telling, path: [...issue.path, ...telling.path] }, value, where);
  }
  let at = value;
  for (const key of issue.path) at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined; // walking any JSON
  const whole = JSON.stringify(at);
  const shown = whole === undefined || keyShapeIn(whole) !== undefined ? undefined : whole.slice(0, 100);
  return `${place(where, issue.path)}: ${issue.message}${shown === undefined ? '' : `; got ${shown}`}`;
}

/** The form was right, and a rule of ours says what is not. */
const isOwnRule = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom' || issue.code === 'unrecognized_keys' || (issue.code === 'invalid_union' && issue.errors.flat().some(isOwnRule));

const place = (where: string, path: readonly PropertyKey[]): string => [where, ...path.map(String)].join('.');

/** A JSON answer. */
export function json(data: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(toJson(data), { status, headers: { 'content-type': 'application/json', ...headers } });
}

export const empty = (status = 204): Response => new Response(null, { status });

/** JSON as the LangGraph clients read it: a message is flat, `{ ...data, type }`. */
export function toJson(data: unknown): string {
  const text = JSON.stringify(data, function flat(this: unknown, key: string, value: unknown) {
    const raw: unknown = (this as Record<string, unknown>)[key]; // the holder of the member
    if (typeof raw === 'object' && raw !== null && 'toDict' in raw && typeof raw.toDict === 'function') {
      const { type, data: fields } = raw.toDict() as { type: string; data: object }; // LangChain's own form
      return { ...fields, type };
    }
    return typeof value === 'bigint' ? String(value) : value;
  });
  return text ?? 'null';
}

export const uuid = (name: string) =>
  z
    .string()
    .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, `${name} must be a UUID`)
    .toLowerCase();
export const jsonObject = z.record(z.string(), z.unknown());
/** `0`, `1`, `true`, `false` in a query. */
export const flag = z.enum(['0', '1', 'true', 'false']).transform((word) => word === '1' || word === 'true');
export const limit = (standard: number) => z.number().int().min(1).max(1000).default(standard);
export const offset = z.number().int().min(0).default(0);
