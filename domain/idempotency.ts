/** Answers that are kept for requests with an idempotency key. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Idempotency {
  /** `begun`: go on and `keep`; `busy`: the first request is under way; `differs`: the key was used for another request. */
  begin(scope: string, key: string, requestHash: string): Promise<'begun' | 'busy' | 'differs' | KeptAnswer>;
  keep(scope: string, key: string, answer: KeptAnswer): Promise<void>;
  /** The request failed before it changed anything: the key is free again. */
  drop(scope: string, key: string): Promise<void>;
  prune(before: string, limit: number): Promise<number>;
}
