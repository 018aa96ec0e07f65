/** The hand-over files: their names, their envelope and their bodies (`docs/contract.md`, "The dossier"). */
import { z } from 'zod';
import { faultsOf } from './patterns.ts';
import { isReasonCode, type ReasonCode } from './reasons.ts';

const text = (max: number) => z.string().min(1).max(max);
const reasonCode = z.custom<ReasonCode>((value) => typeof value === 'string' && isReasonCode(value), 'not a reason code');

export const planBodySchema = z.strictObject({
  summary: text(4000),
  items: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[A-Za-z0-9._-]{1,40}$/, 'use letters, digits, dot, dash or underscore, 40 at most'),
        title: text(200),
        goal: text(4000),
        paths: z.array(text(300)).max(100),
        done_when: z.array(text(1000)).max(20).default([]),
        check: z.array(z.string().max(1000)).min(1).max(40).optional(),
        depends_on: z.array(z.string().max(40)).max(20).default([]),
      }),
    )
    .max(40)
    .default([]),
  risks: z.array(text(1000)).max(20).default([]),
  citations: z
    .array(z.strictObject({ document: text(200), version: text(100), anchor: text(200), quote: text(2000) }))
    .max(40)
    .default([]),
  question: text(2000).optional(),
  no_change: z.strictObject({ reason: text(2000) }).optional(),
});
export type PlanBody = z.infer<typeof planBodySchema>;

/** What is wrong with a plan beyond its shape; empty when sound. */
export function planProblems(plan: PlanBody): string[] {
  const problems: string[] = [];
  const ids = new Set(plan.items.map((item) => item.id));
  if (ids.size !== plan.items.length) problems.push('items: every id must be unique');
  for (const item of plan.items) {
    problems.push(...faultsOf(item.paths).map((fault) => `items.${item.id}.paths: ${fault}`));
    for (const need of item.depends_on) {
      if (!ids.has(need)) problems.push(`items.${item.id}.depends_on: there is no item "${need}"`);
      if (need === item.id) problems.push(`items.${item.id}.depends_on: an item cannot depend on itself`);
    }
  }
  if (plan.items.length === 0 && plan.no_change === undefined && plan.question === undefined)
    problems.push('items: a plan needs at least one item, or no_change with a reason, or a question');
  if (plan.no_change !== undefined && plan.items.length > 0) problems.push('no_change: goes with an empty list of items');
  return problems;
}

export const CHANGE_STATUS = ['added', 'modified', 'deleted', 'renamed', 'type-changed'] as const;

export const changeSchema = z.strictObject({
  path: z.string(),
  /** For `renamed`: where it was. */
  from: z.string().optional(),
  status: z.enum(CHANGE_STATUS),
  /** The new git mode, `000000` when deleted. */
  mode: z.string(),
  old_mode: z.string(),
  /** Hex SHA-256 of the new content; empty when deleted. */
  sha256: z.string(),
  item_id: z.string().optional(),
});
export type Change = z.infer<typeof changeSchema>;

export const answersSchema = z.array(z.strictObject({ finding_id: text(80), answer: text(2000) })).max(100);
/** Findings that the builder holds to be wrong, each with what shows it. */
export const disputesSchema = z.array(z.strictObject({ finding_id: text(80), evidence: text(4000) })).max(20);

export const buildBodySchema = z.strictObject({
  base: z.string(),
  commit: z.string(),
  tree: z.string(),
  branch: z.string(),
  summary: z.string(),
  changes: z.array(changeSchema),
  agents: z.array(
    z.strictObject({ id: z.string(), title: z.string(), status: z.string(), steps: z.int(), cost_micro_usd: z.int(), part: z.string() }),
  ),
  answers: answersSchema,
  disputes: disputesSchema.optional(),
  /** The tree that the runtime installed dependencies for; absent: those of the base. */
  installed: z.string().optional(),
});
export type BuildBody = z.infer<typeof buildBodySchema>;

/** `25-appeal.<attempt>.json`: a builder that cannot go on under its plan, and the tree that it goes on from. */
export const appealBodySchema = z.strictObject({
  /** Globs that no plan item allows. */
  paths: z.array(text(300)),
  reason: z.string(),
  base: z.string(),
  tree: z.string(),
  installed: z.string().optional(),
});
export type AppealBody = z.infer<typeof appealBodySchema>;

/** What `delegate` takes. `cost_share`: of the money that is left, from 0 to 1; all shares of a call at most 1. */
export const delegateSchema = z.strictObject({
  tasks: z
    .array(
      z.strictObject({
        title: text(200),
        goal: text(8000),
        /** Globs; the sub-agent may write nothing else. Default: whatever the plan allows. */
        paths: z.array(text(300)).min(1).max(50).optional(),
        done_when: z.array(text(500)).max(20).optional(),
        cost_share: z.number().positive().max(1).optional(),
      }),
    )
    .min(1)
    .max(100),
});
export type DelegateTask = z.infer<typeof delegateSchema>['tasks'][number];

export const submitWorkSchema = z.strictObject({ status: z.enum(['done', 'blocked']), summary: text(4000) });

/** How a sub-agent ended. Everything but `done` is left out of the merge; its tree is kept all the same. */
export const PART_STATUS = ['done', 'blocked', 'failed', 'limit', 'timeout'] as const;

export const partBodySchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  status: z.enum(PART_STATUS),
  /** Why it is not `done`. */
  code: reasonCode.optional(),
  summary: z.string(),
  /** The lead's tree that it started from, and the tree it left. */
  base: z.string(),
  tree: z.string(),
  /** The ref that keeps its tree. */
  ref: z.string(),
  changes: z.array(changeSchema),
  steps: z.int(),
  /** Its own calls, without those of its sub-agents. */
  cost_micro_usd: z.int(),
  /** The parts of its own sub-agents, where it had any. */
  parts: z.array(z.strictObject({ id: z.string(), path: z.string(), sha256: z.string() })).optional(),
});
export type PartBody = z.infer<typeof partBodySchema>;

export const SEVERITIES = ['blocker', 'major', 'minor'] as const;

/**
 * How a finding stands against the rounds before. `changed`: the same check is still red, in another way; `back`: it was mended or
 * withdrawn before; `unjudged`: nobody has looked again.
 */
export const FINDING_STATES = ['new', 'open', 'changed', 'back', 'unjudged'] as const;

export const findingSchema = z.strictObject({
  id: z.string(),
  /** Who found it: a check's name, `critic`, or `person`. */
  source: z.string(),
  severity: z.enum(SEVERITIES),
  code: reasonCode,
  path: z.string().optional(),
  line: z.int().optional(),
  message: z.string(),
  /** The attempt whose review found it first. */
  round: z.int().min(1).optional(),
  /** Absent in files of earlier versions. */
  state: z.enum(FINDING_STATES).optional(),
  /** Sends nothing back to the builder: who approves the release must waive it by its id (`domain/waivers.ts`). */
  needs_waiver: z.literal(true).optional(),
  /** Waived at the release gate before, for the same difference on another base. */
  waived_by: z.string().optional(),
});
export type Finding = z.infer<typeof findingSchema>;

/** How the critic judges a finding of an earlier round: one list, also for what the builder disputes. */
export const EARLIER_VERDICTS = ['mended', 'open', 'withdrawn'] as const;
export const earlierSchema = z
  .array(z.strictObject({ finding_id: text(80), verdict: z.enum(EARLIER_VERDICTS), reason: text(2000) }))
  .max(200);
export type Earlier = z.infer<typeof earlierSchema>[number];

/** A finding of an earlier round as a review file keeps it: what became of it, in which round, and why. */
export const judgedEarlierSchema = z.strictObject({
  finding_id: z.string(),
  verdict: z.enum(EARLIER_VERDICTS),
  reason: z.string(),
  round: z.int().min(1),
  source: z.string(),
  path: z.string().optional(),
  /** The first line of what it said. */
  message: z.string(),
});
export type JudgedEarlier = z.infer<typeof judgedEarlierSchema>;

export const checkResultSchema = z.strictObject({
  id: z.string(),
  status: z.enum(['pass', 'fail', 'error', 'skipped']),
  exit_code: z.int().nullable(),
  duration_ms: z.int(),
  evidence: z.string(),
  /** Tests of the base, where they were looked at: how many pass there, and how many of those here. */
  tests: z.strictObject({ by: z.enum(['name', 'number']), base: z.int(), candidate: z.int() }).optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

export const baselineBodySchema = z.strictObject({
  tree: z.string(),
  checks: z.array(checkResultSchema),
  /** Programs of a short list that the sandbox has; absent where nothing was run. */
  programs: z.array(z.string()).optional(),
  /** Submodules of the base; absent where there are none. */
  submodules: z.array(z.strictObject({ at: z.string(), shared: z.boolean() })).optional(),
});

/** Where a red line stands: in the configuration, in this program, or in the CODEOWNERS of the base. */
export const RED_LINE_ORIGINS = ['protect', 'default', 'codeowners'] as const;
export type RedLineOrigin = (typeof RED_LINE_ORIGINS)[number];

/** For people; empty for what an earlier version found. */
export const originWords = (origin: RedLineOrigin | undefined): string =>
  origin === undefined ? '' : { protect: ' of protect', default: ' by default', codeowners: ' of CODEOWNERS' }[origin];

export const redLineSchema = z.strictObject({
  rule_id: z.string(),
  /** Absent in files of earlier versions. */
  origin: z.enum(RED_LINE_ORIGINS).optional(),
  paths: z.array(z.string()),
  reason: z.string(),
  approvers: z.strictObject({ role: z.string(), min: z.int(), not_starter: z.boolean() }),
});
export type RedLine = z.infer<typeof redLineSchema>;

export const VERDICTS = ['pass', 'rework', 'reject'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const reviewBodySchema = z.strictObject({
  base: z.string(),
  commit: z.string(),
  tree: z.string(),
  verdict: z.enum(VERDICTS),
  checks: z.array(checkResultSchema),
  red_lines: z.array(redLineSchema),
  findings: z.array(findingSchema),
  /** What became of the findings of earlier rounds; what is still open stands in `findings` too. */
  earlier: z.array(judgedEarlierSchema).optional(),
  critic: z.strictObject({ called: z.boolean(), verdict: z.enum(VERDICTS).nullable() }),
});
export type ReviewBody = z.infer<typeof reviewBodySchema>;

export const GATES = ['plan', 'release', 'budget'] as const;
export type Gate = (typeof GATES)[number];

/** A finding that a person let pass with a release. */
export const waiverSchema = z.strictObject({ finding_id: z.string(), by: z.string(), at: z.string() });
export type Waiver = z.infer<typeof waiverSchema>;

export const approvalBodySchema = z.strictObject({
  approval_id: z.string(),
  gate: z.enum(GATES),
  subject: z.record(z.string(), z.string()),
  decision: z.enum(['approved', 'edited', 'rejected']),
  by: z.strictObject({ id: z.string(), role: z.string(), method: z.string() }),
  comment: z.string(),
  self_approved: z.boolean(),
  at: z.string(),
  waivers: z.array(waiverSchema).default([]),
  /** What stood between commands and the machine; absent in files of before. */
  sandbox: z.array(z.string()).optional(),
});

export const releaseBodySchema = z.strictObject({
  target: z.string(),
  branch: z.string(),
  before: z.string(),
  after: z.string(),
  commit: z.string(),
  key: z.string(),
  verified: z.boolean(),
});

export const rollbackBodySchema = z.strictObject({
  release: z.string(),
  commit: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
});
export type RollbackBody = z.infer<typeof rollbackBodySchema>;

export const BUILD_STATUS = ['done', 'blocked', 'needs_paths', 'needs_dependency'] as const;

export const submitBuildSchema = z.strictObject({
  status: z.enum(BUILD_STATUS).default('done'),
  summary: text(8000),
  answers: answersSchema.optional(),
  disputes: disputesSchema.optional(),
  /** With `needs_paths`: globs. */
  paths: z.array(text(300)).min(1).max(50).optional(),
  /** With `needs_dependency`: what the manifest on disk already names. */
  dependencies: z
    .array(z.strictObject({ name: text(200), manager: text(40), why: text(1000) }))
    .min(1)
    .max(20)
    .optional(),
});
export type SubmitBuild = z.infer<typeof submitBuildSchema>;

export const submitReviewSchema = z.strictObject({
  verdict: z.enum(VERDICTS),
  findings: z
    .array(
      z.strictObject({
        severity: z.enum(SEVERITIES),
        path: z.string().max(1024).optional(),
        line: z.int().min(1).optional(),
        message: text(4000),
      }),
    )
    .max(100)
    .default([]),
  earlier: earlierSchema.default([]),
});
export type SubmitReview = z.infer<typeof submitReviewSchema>;

/** A file a stage read, with the digest it had then. `path` is relative to the run's dossier. */
export interface FileRef {
  readonly path: string;
  readonly sha256: string;
}

/** The envelope of every JSON file of a dossier. */
export interface Envelope<Body = unknown> {
  readonly kind: string;
  readonly version: number;
  readonly thread_id: string;
  readonly attempt: number;
  readonly inputs: readonly FileRef[];
  readonly made_by: string;
  readonly made_at: string;
  readonly body: Body;
}

/** The names of the files, numbered in tens so that a listing tells the story. */
export const FILES = {
  request: 'request.json',
  baseline: () => 'evidence/0/baseline.json',
  plan: (n: number) => `10-plan.${n}.json`,
  build: (attempt: number) => `20-build.${attempt}.json`,
  patch: (attempt: number) => `20-build.${attempt}.patch`,
  appeal: (attempt: number) => `25-appeal.${attempt}.json`,
  part: (attempt: number, agent: string) => `parts/${attempt}/${agent}.json`,
  /** What the rules found; the review stands on it. */
  rules: (attempt: number) => `evidence/${attempt}/rules.json`,
  review: (attempt: number) => `30-review.${attempt}.json`,
  evidence: (attempt: number, check: string) => `evidence/${attempt}/${check}.json`,
  log: (attempt: number, check: string) => `evidence/${attempt}/${check}.log`,
  approval: (n: number) => `40-approval.${n}.json`,
  release: '50-release.json',
  rollback: '60-rollback.json',
  ledger: 'ledger.json',
  report: 'report.md',
} as const;
