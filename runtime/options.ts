/** What the operations on runs are given, and what they give back. */

import type { StreamMode } from '@langchain/langgraph';
import type { Finding, RedLine } from '../domain/handoff.ts';
import type { LogEvent } from '../domain/log.ts';
import type { ApprovalRow, Clock } from '../domain/ports.ts';
import type { Words } from '../domain/resume.ts';
import type { Role } from '../domain/roles.ts';
import type { SandboxLevel } from '../domain/workspace.ts';

export interface CreateOptions {
  readonly goal: string;
  /** A folder in the repository, or a name of the operator's `repositories`. */
  readonly repo: string;
  /** A UUID; default a new one. */
  readonly threadId?: string;
  /** A ref; default the tip of `release.branch`. */
  readonly base?: string;
  /** A `governor.yaml` to use instead of the one in the base commit. */
  readonly configFile?: string;
  /** The replies for provider `script`. */
  readonly scriptFile?: string;
}

export interface Created {
  readonly threadId: string;
  /** The most this run may cost, in micro-dollars. */
  readonly worstCaseMicroUsd: number;
  readonly limits: Readonly<Record<string, unknown>>;
  /** For example a dirty checkout. */
  readonly warnings: readonly string[];
  readonly sandbox: SandboxLevel;
  /** True when any role answers from a script. */
  readonly canned: boolean;
}

/** What an agent is writing just now, without secrets. */
export interface LiveText {
  readonly stage: string;
  readonly attempt: number;
  readonly role: Role;
  /** `lead`, a sub-agent's id, or `-`. */
  readonly agent: string;
  readonly call: number;
  /** Another one for each request, also for one that is made again. */
  readonly answer: number;
  /** What is new; empty where only its end is told. */
  readonly piece: string;
  /** The end of all of it, at most 500 characters. */
  readonly text: string;
  /** `lost`: the request failed, and what was written is no answer. */
  readonly state: 'writing' | 'whole' | 'lost';
}

/** Reads the log of a thread on from where it stands; never stops by itself. */
export interface LogReader {
  /** What is new since the last time. */
  next(): Promise<LogEvent[]>;
  /** The agents that were seen so far, in the order in which they came. */
  readonly agents: ReadonlySet<string>;
}

export interface DriveOptions {
  /** Aborts at once. */
  readonly signal?: AbortSignal;
  /** Stops at the next checkpoint. */
  readonly drain?: AbortSignal;
  /** A drain leaves the thread `running` without a lease, for whoever comes next; default: `cancelled`. */
  readonly pauseOnDrain?: boolean;
  readonly stream?: StreamOptions;
  /** Of the thread's row that was looked at: it is taken only where nobody had it since. */
  readonly epoch?: number;
  /** Hears what agents write as they write it, where their endpoint streams; for display alone, it must not throw. */
  readonly onText?: (text: LiveText) => void;
  /** What a person says to the agent that stopped; approves nothing. */
  readonly words?: Words;
}

/** Where a chunk comes from, its stream mode, and what it says. */
export type StreamChunk = readonly [namespace: readonly string[], mode: string, data: unknown];

/** An observer is told what the graph streams while the thread runs, and may have it pause at nodes. */
export interface StreamOptions {
  /** LangGraph's stream modes. */
  readonly modes: readonly StreamMode[];
  /** Also what nested graphs say. */
  readonly subgraphs: boolean;
  /** Node names, or `*`: the thread rests there, `running` without a lease. */
  readonly interruptBefore?: readonly string[] | '*';
  readonly interruptAfter?: readonly string[] | '*';
  /** In order, one at a time. What it throws aborts the drive. */
  onChunk(chunk: StreamChunk): Promise<void>;
}

export interface ResumeOptions extends DriveOptions {
  /** Only begins what is under way: what was cancelled before this process came up stays cancelled. */
  readonly begin?: boolean;
  /** A person accepts that the definition changed (`DEFINITION_CHANGED`). */
  readonly migrate?: boolean;
  /** Raises the cost cap, recorded as this person's decision. */
  readonly addMicroUsd?: number;
  /** Raises the machine time cap, in ms. */
  readonly addTimeMs?: number;
  /** Raises the call caps. */
  readonly addCalls?: number;
}

/** What a person sees before deciding. */
export interface GateView {
  readonly row: ApprovalRow;
  readonly goal: string;
  /** The plan as Markdown. */
  readonly plan: string;
  /** The review as Markdown; empty at the plan gate. */
  readonly review: string;
  /** The unified diff; empty at the plan gate. */
  readonly diff: string;
  readonly redLines: readonly Pick<RedLine, 'rule_id' | 'origin' | 'paths' | 'reason'>[];
  /** Rules that may not say what their author meant; at the release gate. */
  readonly warnings: readonly string[];
  /** What an approval must waive. */
  readonly open: readonly Finding[];
  readonly citations: readonly { readonly document: string; readonly version: string; readonly anchor: string; readonly quote: string }[];
  readonly costMicroUsd: number;
  /** What commands run in here: the level and its layers; absent where none can. */
  readonly sandbox?: string;
}

export interface DecideOptions {
  readonly decision: 'approved' | 'rejected';
  /** The digest the person saw; must equal the pending gate's. */
  readonly subject: string;
  readonly comment?: string;
  /** An edited plan, at the plan gate. */
  readonly edit?: unknown;
  /** At the budget gate. */
  readonly addMicroUsd?: number;
  /** At the release gate: the ids of the findings that this person lets pass. */
  readonly waive?: readonly string[];
}

export interface TellOptions {
  readonly text: string;
  /** `planner`, `lead`, `critic`, or a sub-agent's id; default: who is at work now, else who speaks next. */
  readonly agent?: string;
}

/** What a person said to agents, as it is on record. */
export interface ToldView {
  readonly id: string;
  readonly by: string;
  /** ISO. */
  readonly at: string;
  readonly text: string;
  /** Empty: who speaks next. */
  readonly to: readonly string[];
  readonly heard: readonly { readonly agent: string; readonly attempt: number; readonly at: string }[];
  /** Nobody has heard it, and somebody still may; false with an empty `heard`: nobody will. */
  readonly awaited: boolean;
}

export interface DoctorLine {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface OpenOptions {
  /** Default: `$GOVERNOR_HOME`, else the user's state folder. */
  readonly home?: string;
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The shipped scenarios may use the labelled `unsafe` level where no sandbox can run. */
  readonly demo?: boolean;
  /** Folders that no command of an agent or a check may see. */
  readonly concealed?: readonly string[];
  /** Default: the machine's. */
  readonly clock?: Clock;
}
