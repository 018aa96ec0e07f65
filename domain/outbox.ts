/** Webhooks that wait to be sent. */
export interface OutboxRow {
  readonly id: number;
  readonly runId: string;
  readonly url: string;
  /** JSON text of the body. */
  readonly body: string;
  readonly tries: number;
}

export interface Outbox {
  /** The due ones, oldest first; each is held for `holdMs`, so that two processes do not send it at once. */
  take(limit: number, holdMs: number): Promise<readonly OutboxRow[]>;
  /** By its run too: an id is given again once its row is gone. */
  sent(row: Pick<OutboxRow, 'id' | 'runId'>): Promise<void>;
  /** Another try after `delayMs`; `null`: given up, kept with its error. */
  failed(row: Pick<OutboxRow, 'id' | 'runId'>, error: string, delayMs: number | null): Promise<void>;
  nextDueMs(): Promise<number | undefined>;
  counts(): Promise<{ waiting: number; dead: number }>;
}
