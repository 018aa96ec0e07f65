/** Results and gates of runs that rest, and what is told of runs, built by hand. */
import type { EvalRun } from '../../../domain/report-card.ts';
import type { RunResult } from '../../../domain/run.ts';
import type { GateView } from '../../../runtime/options.ts';

export const resultOf = (over: Partial<RunResult>): RunResult => ({
  thread_id: '00000000-0000-4000-8000-000000000000',
  status: 'released',
  stage: 'halt',
  attempt: 1,
  reason: null,
  waiting: null,
  base: 'base',
  candidate: null,
  release: null,
  spend: { cost_micro_usd: 0, input_tokens: 0, output_tokens: 0, model_calls: 0, tool_calls: 0, agents: 0, machine_ms: 0 },
  limits: {},
  waivers: [],
  dossier: '/nowhere',
  ...over,
});

export const stopped = (code: 'NO_PROGRESS' | 'REVIEW_EXHAUSTED'): RunResult =>
  resultOf({ status: 'stopped', reason: { code, message: 'it went round', stage: 'build', resumable: true, evidence: [], next: 'look' } });

export const waitingAt = (gate: GateView['row']['gate']): RunResult =>
  resultOf({ status: 'waiting', waiting: { approval_id: 'a', gate, subject: 'digest', required_role: 'approver' } });

export const gateOf = (gate: GateView['row']['gate'], shown: Readonly<Record<string, unknown>> = {}): GateView => ({
  row: {
    id: 'a',
    threadId: '00000000-0000-4000-8000-000000000000',
    gate,
    round: 1,
    subject: { digest: 'digest' },
    required: { role: 'approver', min: 1, notStarter: false },
    shown,
    status: 'pending',
    votes: [],
    decidedAt: null,
    usedBy: null,
    createdAt: '2026-01-01T00:00:00Z',
  },
  goal: 'halve',
  open: [],
  plan: '',
  review: '',
  diff: '',
  redLines: [],
  warnings: [],
  citations: [],
  costMicroUsd: 0,
});

export const runOf = (over: Partial<EvalRun>): EvalRun => ({
  task: 'one',
  repeat: 1,
  thread_id: 't',
  solved: true,
  end: 'released',
  code: null,
  problems: [],
  checks: [],
  decisions: [],
  attempts: 1,
  cost_micro_usd: 100,
  steps: 10,
  tool_calls: 8,
  tool_errors: 0,
  input_tokens: 1000,
  cached_input_tokens: 400,
  output_tokens: 50,
  wall_ms: 1000,
  ...over,
});
