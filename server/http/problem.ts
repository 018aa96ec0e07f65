/** A request that is answered with an error: its status and its one sentence. */
import { codeOf, toError } from '../../domain/errors.ts';
import { ServedError } from '../../domain/served.ts';

export class Problem extends Error {
  readonly status: number;
  /** Beside the content type: `www-authenticate` and the like. */
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.headers = headers;
  }
}

const STATUS = { missing: 404, conflict: 409, invalid: 422 } as const;

/** What anything thrown means to a client; undefined: a fault of ours. */
export function problemOf(thrown: unknown): Problem | undefined {
  if (thrown instanceof Problem) return thrown;
  const error = toError(thrown);
  if (error instanceof ServedError) return new Problem(STATUS[error.kind], error.message);
  if (error.name === 'UsageError') {
    const code = codeOf(error);
    if (code === 'THREAD_BUSY' || code === 'APPROVAL_STALE') return new Problem(409, error.message, named(code));
    if (code === 'APPROVER_NOT_ALLOWED') return new Problem(403, error.message, named(code));
    return new Problem(422, error.message);
  }
  if (error.name === 'FencedError') return new Problem(409, error.message);
  if (error.name === 'StopError') return new Problem(409, `${codeOf(error)}: ${error.message}`, named(codeOf(error)));
  return undefined;
}

/** The reason code, for programs. */
const named = (code: string): Record<string, string> => ({ 'governor-code': code });

/** `{ "detail": ... }`; plain text where `GOVERNOR_ERROR_FORMAT=text` says so. */
export function problemResponse(problem: Problem, asText: boolean): Response {
  const headers = { ...problem.headers, 'content-type': asText ? 'text/plain; charset=UTF-8' : 'application/json' };
  return new Response(asText ? problem.message : JSON.stringify({ detail: problem.message }), { status: problem.status, headers });
}
