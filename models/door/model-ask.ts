/** What goes into the model door and what comes out: a request with who makes it and who pays, and its answer as a row. */
import type { Account, Price, Refusal } from '../../domain/budget.ts';
import type {
  Audit,
  ChatAnswer,
  ChatMessage,
  ChatModel,
  ChatRequest,
  Clock,
  EffectId,
  Effects,
  Fence,
  TranscriptRow,
} from '../../domain/ports.ts';
import type { Role } from '../../domain/roles.ts';
import type { Facts } from '../facts.ts';
import type { Recorded } from '../recorded.ts';

export interface ModelAsk {
  readonly fence: Fence;
  readonly threadId: string;
  readonly stage: string;
  readonly attempt: number;
  /** `lead`, a sub-agent's id, or `-`. */
  readonly agent: string;
  readonly role: Role;
  /** The head of the transcript that the request was built from. */
  readonly parent: string | null;
  readonly ordinal: number;
  /** The agent's last model call, from whose journal row the count goes on; none: nothing is known of the request. */
  readonly previous?: { readonly parent: string | null; readonly ordinal: number } | null;
  /** From 1, per agent and attempt; a retry keeps it. */
  readonly call: number;
  readonly model: ChatModel;
  readonly price: Price;
  readonly request: Omit<ChatRequest, 'headers'>;
  /** All of them are asked; one refusal refuses the call. */
  readonly accounts: readonly Account[];
  readonly signal: AbortSignal;
}

/** What a request's bound is made from. */
export type Asked = Pick<ModelAsk, 'threadId' | 'stage' | 'attempt' | 'agent' | 'model' | 'request' | 'previous'>;

export type AnswerRow = TranscriptRow<ChatMessage>;

export type ModelAnswer =
  | { readonly kind: 'answer'; readonly answer: ChatAnswer; readonly row: AnswerRow; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface ModelDoorOptions {
  readonly effects: Effects;
  readonly audit: Audit;
  readonly clock: Clock;
  /** From 0 up to 1, for the jitter of waits. */
  readonly random: () => number;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Masks values that are known to be secret: what a model answers is recorded without them. */
  readonly maskKnown: (text: string) => string;
  /** Called for each request before it leaves, also for one that is made again. */
  readonly listen?: (ask: Whose) => AnswerListener;
}

/** Whose answer it is. */
export type Whose = Pick<ModelAsk, 'threadId' | 'stage' | 'attempt' | 'role' | 'agent' | 'call'>;

/** Hears the text of one answer as it comes; for display alone, so it must not throw. */
export interface AnswerListener {
  hear(piece: string): void;
  /** Once, at its end: the whole text, heard or not; undefined where the request failed. */
  end(text: string | undefined): void;
}

/** The door with what it knows of what comes again with every call: the messages, and the answer before. */
export interface Door extends ModelDoorOptions {
  readonly facts: Facts;
  readonly recorded: (key: string) => Promise<Recorded | undefined>;
}

/** A request with its place in the journal. */
export interface ModelCall {
  readonly ask: ModelAsk;
  readonly effect: EffectId;
}
