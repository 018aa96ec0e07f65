/** The life of a run: its states and its result object. */
import type { Waiver } from './handoff.ts';
import type { ReasonCode } from './reasons.ts';
import type { Stage } from './stages.ts';

export const RUN_STATUSES = ['running', 'waiting', 'released', 'unchanged', 'rolled_back', 'stopped', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Why a run stopped. */
export interface StopReason {
  readonly code: ReasonCode;
  readonly message: string;
  readonly stage: Stage;
  readonly resumable: boolean;
  readonly evidence: readonly string[];
  /** The exact command a person can run next. */
  readonly next: string;
}

export interface Waiting {
  readonly approval_id: string;
  readonly gate: 'plan' | 'release' | 'budget';
  /** The digest that a decision must name. */
  readonly subject: string;
  readonly required_role: string;
  /** At a release gate with open findings: the ids that an approval must waive. */
  readonly waive?: readonly string[];
  /** At the budget gate: a fan-out is asked about, which may run without more money. */
  readonly fan_out?: true;
  /** What commands ran in up to this gate; absent where it was asked before gates said so. */
  readonly sandbox?: string;
}

/** Does an approval have to state an amount? */
const needsAmount = ({ gate, fan_out }: Pick<Waiting, 'gate' | 'fan_out'>): boolean => gate === 'budget' && fan_out !== true;

/** What `governor approve` must be given for this gate, beside the subject. */
export const approveFlags = (waiting: Pick<Waiting, 'gate' | 'waive' | 'fan_out'>): string =>
  `${needsAmount(waiting) ? ' --add-usd N' : ''}${(waiting.waive ?? []).map((id) => ` --waive ${id}`).join('')}`;

/** What every command with `--json` ends with (`docs/contract.md`, "The result object"). */
export interface RunResult {
  readonly thread_id: string;
  readonly status: RunStatus;
  readonly stage: Stage;
  readonly attempt: number;
  readonly reason: StopReason | null;
  readonly waiting: Waiting | null;
  readonly base: string;
  readonly candidate: { readonly commit: string; readonly tree: string; readonly branch: string } | null;
  readonly release: Readonly<Record<string, unknown>> | null;
  /** Findings that people let pass with an approved release, oldest first. */
  readonly waivers: readonly Waiver[];
  readonly spend: {
    readonly cost_micro_usd: number;
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly model_calls: number;
    readonly tool_calls: number;
    readonly agents: number;
    readonly machine_ms: number;
  };
  readonly limits: Readonly<Record<string, unknown>>;
  readonly dossier: string;
}

/** The exit codes (`docs/contract.md`, "Commands"). */
export function exitCodeOf(result: Pick<RunResult, 'status'>): 0 | 3 | 4 {
  switch (result.status) {
    case 'released':
    case 'unchanged':
    case 'rolled_back':
      return 0;
    case 'waiting':
      return 4;
    case 'running':
    case 'stopped':
    case 'cancelled':
      return 3;
    default:
      return result.status satisfies never;
  }
}
