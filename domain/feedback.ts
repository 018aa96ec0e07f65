/** What people say of a run, under keys that its caller named: asked for with a token for each, given by whoever holds that. */
import type { Json } from './served.ts';

export interface GivenFeedback {
  readonly key: string;
  /** Score, value, comment: as they were sent. */
  readonly answer: Json;
  /** ISO. */
  readonly givenAt: string;
}

export interface Feedback {
  /** A key that was asked for before has its new token alone; what was given under it stays. */
  ask(runId: string, keys: readonly { readonly key: string; readonly tokenHash: string }[], expiresAtMs: number): Promise<void>;
  /** Replaces what was given before. False for a token that is unknown, or over. */
  give(tokenHash: string, answer: Json): Promise<boolean>;
  /** By their keys. */
  list(runId: string): Promise<readonly GivenFeedback[]>;
}
