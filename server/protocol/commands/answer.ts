/** What a command is answered with, and which refusals are the protocol's own. */
import { json } from '../../http/endpoint.ts';
import { type Problem, problemOf } from '../../http/problem.ts';

/** The protocol's closed list (`@langchain/protocol`, `ErrorCode`). */
export type ErrorCode =
  | 'invalid_argument'
  | 'unknown_command'
  | 'unknown_error'
  | 'no_such_run'
  | 'no_such_subscription'
  | 'no_such_namespace'
  | 'no_such_interrupt'
  | 'permission_denied'
  | 'not_supported';

/** A command that cannot be done, in the protocol's words. */
export class CommandError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
  }
}

export interface Meta {
  readonly thread_id: string;
  /** Events up to this one tell of what was before. */
  readonly applied_through_seq?: number;
}

export type CommandAnswer =
  | { readonly type: 'success'; readonly id: number; readonly result: unknown; readonly meta: Meta }
  | { readonly type: 'error'; readonly id: number | null; readonly error: ErrorCode; readonly message: string };

export const failure = (id: number | null, error: ErrorCode, message: string): CommandAnswer => ({ type: 'error', id, error, message });

/** Statuses that a client of HTTP must see, since it decides by them whether to ask again. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  401: 'permission_denied',
  403: 'permission_denied',
  404: 'no_such_run',
  409: 'invalid_argument',
  422: 'invalid_argument',
  429: 'not_supported',
};

/** @throws what is a fault of ours. */
export function refusal(id: number | null, thrown: unknown): { readonly answer: CommandAnswer; readonly problem: Problem | undefined } {
  if (thrown instanceof CommandError) return { answer: failure(id, thrown.code, thrown.message), problem: undefined };
  const problem = problemOf(thrown);
  if (problem === undefined) throw thrown;
  return { answer: failure(id, CODES[problem.status] ?? 'unknown_error', problem.message), problem };
}

/**
 * Over HTTP what is wrong with a command is 200, which the SDK gives its caller with the code; rights, missing threads and conflicts keep
 * their status, with `detail` beside the protocol's members.
 */
export function httpAnswer(answer: CommandAnswer, problem?: Problem): Response {
  if (problem === undefined || problem.status === 400 || problem.status === 422) return json(answer);
  return json({ ...answer, detail: problem.message }, problem.status, { ...problem.headers });
}
