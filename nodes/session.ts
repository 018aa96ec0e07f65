/** What a node works with: one run, opened by the process that holds its lease. */

import type { Account, Price } from '../domain/budget.ts';
import type { Config, Limits } from '../domain/config.ts';
import type { Envelope, FileRef, Gate } from '../domain/handoff.ts';
import type {
  ApprovalRow,
  Approvals,
  Attempts,
  Audit,
  ChatModel,
  Clock,
  Dossier,
  Effects,
  Fence,
  Ledger,
  Subject,
  Transcripts,
} from '../domain/ports.ts';
import type { Resume } from '../domain/resume.ts';
import type { Role } from '../domain/roles.ts';
import type { Stage } from '../domain/stages.ts';
import type { Said } from '../domain/told.ts';
import type { Mount, Repository, Sandbox, SandboxLevel, WorkTree } from '../domain/workspace.ts';
import type { ModelDoor } from '../models/metered.ts';
import type { ToolDoor } from '../tools/door.ts';
import type { Forms } from './context.ts';
import type { Line } from './line.ts';

/** The body of `request.json`: the goal and everything the run captured at its start. */
export interface RequestBody {
  readonly goal: string;
  readonly repo: string;
  readonly base: string;
  readonly starter: string;
  readonly pipeline_version: number;
  /** The configuration as it was written, before defaults and units. */
  readonly config: unknown;
  readonly config_digest: string;
  /** How `policy_digest` was taken; absent in requests of 0.1.0, where it was taken of parsed values. */
  readonly policy_version?: number;
  /** Digest of checks, protect, deny, scope and release as written: what a review and an approval stand on. */
  readonly policy_digest: string;
  readonly config_source: string;
  readonly script: { readonly path: string; readonly sha256: string } | null;
  readonly sandbox: SandboxLevel;
}

/** A model with its price, chosen for a role. */
export interface RoleModel {
  readonly model: ChatModel;
  readonly price: Price;
}

/** What answers for a role, and what does when it does not, in this order. */
export interface ChosenModels extends RoleModel {
  readonly fallbacks: readonly RoleModel[];
}

/** The read-only mounts and throw-away folders of every command of this run. */
export interface Mounts {
  readonly links: readonly Mount[];
  readonly scratch: readonly string[];
  /** Submodules of the base, and whether their files are among the links. */
  readonly submodules: readonly { readonly at: string; readonly shared: boolean }[];
}

/** What is fixed for the whole drive: which run it is, under which lease, and what it captured at its start. */
export interface SessionFacts {
  readonly threadId: string;
  readonly fence: Fence;
  readonly request: RequestBody;
  readonly requestRef: FileRef;
  /** When the thread was created, in seconds since 1970: the root of every recorded commit date. */
  readonly createdAtSeconds: number;
  readonly config: Config;
  readonly limits: Limits;
  /** Every resume that an agent is told of, oldest first; one that a person brings while it is driven is added. */
  readonly resumes: Resume[];
  /** The last fork of the thread: agents that work after it are asked anew. Null: it was never set back. */
  readonly fork: string | null;
  /**
   * False where another program's saver keeps the checkpoints: no fence, no strict serializer, no insertion order. Such a thread can
   * be stepped and looked at, but nothing is released from it.
   */
  readonly fenced: boolean;
}

/** Where the run's records stand. */
export interface SessionStores {
  readonly attempts: Attempts;
  readonly effects: Effects;
  readonly transcripts: Transcripts;
  readonly ledger: Ledger;
  readonly approvals: Approvals;
  readonly audit: Audit;
  readonly dossier: Dossier;
}

/** The ways to the outside: each budgets, permits and records what passes it. */
export interface SessionDoors {
  readonly model: ModelDoor;
  readonly tool: ToolDoor;
  /** `model`: the one that a person named at a resume. */
  modelFor(role: Role, lean: boolean, model?: string): Promise<ChosenModels>;
  /** Masks secrets and token shapes. */
  redact(text: string): string;
  /** Where values that this home knows to be secret stand in a text, in any of their forms. */
  knownIn(text: string): readonly (readonly [start: number, end: number])[];
  /** A gate is about to interrupt. Where nobody reads the interrupt's payload this opens the approval record. */
  announce(gate: GatePayload): Promise<void>;
}

/** Where the run's files are. */
export interface SessionPlaces {
  readonly repository: Repository;
  readonly sandbox: Sandbox;
  /** Where a person finds the whole difference: an address of the server, or a command. */
  readonly look: string;
  /** Prepared once per process: linked folders and cached setup. `installed`: for the dependencies of this tree, not of the base. */
  mounts(installed?: string): Promise<Mounts>;
  /**
   * Brings lock files up to the manifests of a builder's tree and runs the setup for them; gives the tree with those files.
   * @throws StopError `CHECK_ERROR` naming the step that failed; RefusedError.
   */
  install(tree: string): Promise<string>;
  /** A folder for a work tree of this run; not created. */
  readonly workFolder: (name: string) => string;
  /** Work trees that this process has opened and brought to the state of the checkpoint, by name. */
  readonly workTrees: Map<string, WorkTree>;
}

export interface Session {
  readonly facts: SessionFacts;
  readonly stores: SessionStores;
  readonly doors: SessionDoors;
  readonly places: SessionPlaces;
  /** Where sub-agents wait for their turn. */
  readonly line: Line;
  /** The messages that were made of this run's transcripts. */
  readonly forms: Forms;
  readonly clock: Clock;
  /** Aborted by cancel, lost lease or the machine time limit. */
  readonly signal: AbortSignal;
  /** Machine time that the run has used, in ms, up to its last heartbeat. */
  machineMs(): Promise<number>;
  /** What people have said to agents of this run up to now, also through other processes. */
  said(): Promise<Said>;
  /** Throws when a drain was asked for; called at the start of every node. */
  checkpointReached(stage: Stage): Promise<void>;
  /** Called at the end of every node, however it ended. */
  left(): Promise<void>;
}

/** What a gate asks, as the interrupt carries it. */
export interface GatePayload {
  readonly kind: 'approval';
  readonly gate: Gate;
  readonly subject: Subject;
  readonly required: ApprovalRow['required'];
  /** At most 2 KB of JSON. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/** The account every call of a run is booked on. */
export function runAccount(limits: Limits): Account {
  return {
    id: 'run',
    caps: {
      costMicroUsd: limits.costUsd,
      tokens: limits.tokens,
      modelCalls: limits.modelCalls,
      toolCalls: limits.toolCalls,
      agents: limits.agents,
    },
  };
}

/** The account of one agent in one attempt. */
export function agentAccount(limits: Limits, stage: string, attempt: number, agent: string): Account {
  return {
    id: `agent:${stage}:${attempt}:${agent}`,
    caps: { modelCalls: limits.stepsPerAgent, costMicroUsd: Math.min(limits.costPerAgentUsd, limits.costUsd) },
  };
}

/** The body of a verified hand-over file. */
export async function bodyOf<Body>(session: Session, ref: FileRef, schema: { parse(value: unknown): Body }): Promise<Body> {
  const envelope: Envelope = await session.stores.dossier.readVerified(session.facts.threadId, ref);
  return schema.parse(envelope.body);
}

/** A node's call: for which thread, under which saver, and what the thread was asked for (a hint; the request file rules). */
export interface Visit {
  readonly threadId: string;
  readonly saver: unknown;
  readonly goal: string;
  readonly repo: string;
}

export type NodeConfig = { readonly configurable?: Record<string, unknown> };

export function visitOf(config: NodeConfig, state: { readonly goal: string; readonly repo: string }): Visit {
  const id = config.configurable?.['thread_id'];
  // LangGraph hands the saver of the running graph to its nodes under this key.
  return {
    threadId: typeof id === 'string' ? id : '',
    saver: config.configurable?.['__pregel_checkpointer'],
    goal: state.goal,
    repo: state.repo,
  };
}

/** Finds the session of a thread; only the process that holds the lease has one. */
export type FindSession = (visit: Visit) => Promise<Session>;
