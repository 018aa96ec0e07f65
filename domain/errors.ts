/** The error classes: each says what to do next, and carries a code from the closed list. */
import type { FaultName } from './faults.ts';
import { isReasonCode, type ReasonCode } from './reasons.ts';

/** Stop the run and say why. `code` becomes the run's reason. */
export class StopError extends Error {
  readonly code: ReasonCode;
  /** Dossier-relative paths a person should read. */
  readonly evidence: readonly string[];
  /** Facts for `explain`: cap, value, agent, step. */
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: ReasonCode,
    message: string,
    options: { evidence?: readonly string[]; facts?: Record<string, string | number>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StopError';
    this.code = code;
    this.evidence = options.evidence ?? [];
    this.facts = options.facts ?? {};
  }
}

/** The caller asked for something that cannot be: exit code 2. The message names the thing, the rule and the value. */
export class UsageError extends Error {
  /** A reason code where one fits (for example `APPROVER_NOT_ALLOWED`). */
  readonly code: ReasonCode | 'USAGE';
  constructor(message: string, code: ReasonCode | 'USAGE' = 'USAGE') {
    super(message);
    this.name = 'UsageError';
    this.code = code;
  }
}

/** A tool call that is not allowed: returned to the model as `{ refused }`, never thrown through a run. */
export class RefusedError extends Error {
  readonly code: ReasonCode;
  constructor(code: ReasonCode, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.code = code;
  }
}

/** A fault of the model endpoint, by its name in the table, classified where it was seen. */
export class ProviderError extends Error {
  readonly fault: FaultName;
  readonly status: number | undefined;
  /** How long the endpoint asked to wait, in ms. */
  readonly retryAfterMs: number | undefined;
  constructor(
    message: string,
    options: { fault: FaultName; status?: number | undefined; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProviderError';
    this.fault = options.fault;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The lease of this thread was taken over: this process must stop touching it at once. */
export class FencedError extends Error {
  constructor(threadId: string, epoch: number) {
    super(`thread ${threadId}: lease epoch ${epoch} is no longer the current one; another process has taken over`);
    this.name = 'FencedError';
  }
}

/** Turns anything thrown into an Error. The only place where that happens. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : `non-error thrown: ${JSON.stringify(thrown) ?? String(thrown)}`);
}

/** The reason code of anything thrown; stored errors are known by name and code, not by class. */
export function codeOf(thrown: unknown): ReasonCode {
  const error = toError(thrown) as Error & { code?: unknown };
  if (typeof error.code === 'string') {
    if (isReasonCode(error.code)) return error.code;
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'SQLITE_FULL') return 'DISK_LIMIT';
  }
  return 'INTERNAL';
}
