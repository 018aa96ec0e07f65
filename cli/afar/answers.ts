/** What a server answers the command line, checked as far as it is used; what a newer server adds stays as it was sent. */
import { z } from 'zod';
import type { AuditRecord } from '../../domain/audit.ts';
import { UsageError } from '../../domain/errors.ts';
import { type LogEvent, logEventSchema } from '../../domain/log.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import { RUN_STATUSES, type RunResult } from '../../domain/run.ts';
import type { GateView, LiveText, ToldView } from '../../runtime/options.ts';
import { packageVersion } from '../../runtime/package.ts';
import type { Answer } from './exchange.ts';
import { shown } from './faults.ts';

const threadId = z.uuid().lowercase();
const amount = z.number();
/** Stands in a command that is printed for a person to paste: a shell must find nothing in it. */
const word = z.string().regex(/^[A-Za-z0-9][\w.:-]{0,199}$/, 'must be one plain word');

const resultSchema = z.looseObject({
  thread_id: threadId,
  status: z.enum(RUN_STATUSES),
  stage: z.string(),
  attempt: amount,
  reason: z
    .looseObject({
      code: z.string(),
      message: z.string(),
      stage: z.string(),
      resumable: z.boolean(),
      evidence: z.array(z.string()),
      next: z.string(),
    })
    .nullable(),
  waiting: z
    .looseObject({
      approval_id: z.string().regex(/^[0-9a-f]{32}$/),
      gate: z.enum(['plan', 'release', 'budget']),
      subject: word,
      required_role: z.string(),
      waive: z.array(word).optional(),
    })
    .nullable(),
  waivers: z.array(z.looseObject({ finding_id: z.string(), by: z.string(), at: z.string() })),
  spend: z.looseObject({ cost_micro_usd: amount }),
  limits: z.record(z.string(), z.unknown()),
  dossier: z.string(),
});

const approvalSchema = z.looseObject({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  threadId,
  gate: z.enum(['plan', 'release', 'budget']),
  subject: z.looseObject({ digest: word }),
  required: z.looseObject({ role: z.string() }),
  shown: z.record(z.string(), z.unknown()),
  createdAt: z.string(),
});

const gateSchema = z
  .looseObject({
    row: approvalSchema,
    goal: z.string(),
    plan: z.string(),
    review: z.string(),
    diff: z.string(),
    redLines: z.array(z.looseObject({ rule_id: z.string(), paths: z.array(z.string()), reason: z.string() })),
    warnings: z.array(z.string()),
    open: z.array(z.looseObject({ id: z.string(), code: z.string(), message: z.string() })),
    citations: z.array(z.looseObject({ document: z.string(), version: z.string(), anchor: z.string(), quote: z.string() })),
    costMicroUsd: amount,
    sandbox: z.string().optional(),
  })
  .nullable();

const commentSchema = z.looseObject({
  comment_id: z.string(),
  by: z.string(),
  at: z.string(),
  text: z.string(),
  to: z.array(z.string()),
  heard: z.array(z.looseObject({ agent: z.string() })),
  awaited: z.boolean(),
});

const auditSchema = z.looseObject({
  seq: z.int(),
  at: z.string(),
  threadId: z.string(),
  actor: z.string(),
  action: z.string(),
  stage: z.string().optional(),
  attempt: z.number().optional(),
  code: z.string().optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
});

const writingSchema = z.array(
  z.looseObject({
    stage: z.string(),
    attempt: z.number(),
    role: z.string(),
    agent: z.string(),
    call: z.number(),
    answer: z.number(),
    text: z.string(),
  }),
);

const startedSchema = z.looseObject({
  thread_id: threadId,
  worst_case_micro_usd: amount,
  limits: z.record(z.string(), z.unknown()),
  warnings: z.array(z.string()),
  sandbox: z.enum(['bwrap', 'seatbelt', 'unsafe']),
  canned: z.boolean(),
});

export const meSchema = z.looseObject({ id: z.string(), roles: z.array(z.string()), tenant: z.string() });

export const infoSchema = z.looseObject({
  governor: z.looseObject({
    version: z.string(),
    command_line: z.int().optional(),
    login: z.looseObject({ issuer: z.string(), client_id: z.string(), scope: z.string(), audience: z.string().optional() }).optional(),
  }),
});

/** A newer server may say more of an event. */
const logSchema = z.union(logEventSchema.options.map((option) => z.looseObject(option.shape)));

/** Checks a value and gives it as it was sent, so that it prints as the server would print it. */
function asSent<T>(schema: z.ZodType, server: string, what: string): (value: unknown) => T {
  return (value) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return value as T; // checked above; what is not checked is only shown
    const [issue] = parsed.error.issues;
    throw new UsageError(
      `server ${server}: its ${what} is none that Governor ${packageVersion()} can read (${shown(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)}); use the version of the server here`,
    );
  };
}

/** The readers of one server's answers. */
export function readersOf(server: string) {
  const read = <T>(schema: z.ZodType, what: string): ((value: unknown) => T) => asSent<T>(schema, server, what);
  return {
    result: read<RunResult>(resultSchema, 'result'),
    results: read<RunResult[]>(z.array(resultSchema), 'list'),
    pending: read<ApprovalRow[]>(z.array(approvalSchema), 'list of what waits'),
    gate: read<GateView | null>(gateSchema, 'gate'),
    comment: (value: unknown): ToldView => toldOf(read<z.infer<typeof commentSchema>>(commentSchema, 'comment')(value)),
    comments: (value: unknown): ToldView[] => read<z.infer<typeof commentSchema>[]>(z.array(commentSchema), 'comments')(value).map(toldOf),
    log: read<LogEvent[]>(z.array(logSchema), 'log'),
    logEvent: read<LogEvent>(logSchema, 'log'),
    audit: read<AuditRecord[]>(z.array(auditSchema), 'audit trail'),
    auditRecord: read<AuditRecord>(auditSchema, 'audit trail'),
    writing: read<LiveText[]>(writingSchema, 'stream'),
    started: read<z.infer<typeof startedSchema>>(startedSchema, 'answer to a start'),
    live: read<{ live: boolean }>(z.looseObject({ live: z.boolean() }), 'answer'),
    found: read<{ thread_id: string }>(z.looseObject({ thread_id: threadId }), 'answer'),
    files: read<{ path: string; bytes: number }[]>(z.array(z.looseObject({ path: z.string(), bytes: amount })), 'list of files'),
    me: read<z.infer<typeof meSchema>>(meSchema, 'answer'),
    end: read<{ end: 'rested' | 'dead' }>(z.looseObject({ end: z.enum(['rested', 'dead']) }), 'stream'),
  };
}

/** In the order of a home. */
const toldOf = ({ comment_id: id, ...told }: z.infer<typeof commentSchema>): ToldView => ({ id, ...told }) as unknown as ToldView;

/** The JSON of an answer. @throws UsageError for a page of a proxy. */
export function jsonOf(server: string, answer: Answer): unknown {
  if (answer.media !== 'application/json') throw notGovernor(server, answer);
  try {
    return JSON.parse(answer.text);
  } catch {
    throw notGovernor(server, answer);
  }
}

/** The text of an answer. @throws UsageError for a page of a proxy. */
export function textOf(server: string, answer: Answer): string {
  if (answer.media !== 'text/plain') throw notGovernor(server, answer);
  return answer.text;
}

const notGovernor = (server: string, { media }: Answer): UsageError =>
  new UsageError(
    `server ${server}: answers with ${shown(media || 'no type').slice(0, 60)} where Governor answers otherwise: a proxy or a sign-in page in between, or another address; check the URL`,
  );
