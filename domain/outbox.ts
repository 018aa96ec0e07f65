/** Webhooks that wait to be sent. */
export interface OutboxRow {
  readonly id: number;
  readonly runId: string;
  readonly url: string;
  /** JSON text of the body. */
  readonly body: string;
  readonly tries: number;
  /** Host and port that it goes to; empty: the project's own routes. */
  readonly host: string;
}

export interface Outbox {
  /**
   * The due ones: the oldest of each host, then their second ones, and so on; each is held for `holdMs`, so that two processes do not
   * send it at once. At most `all`, and `perHost` of a host that `room` says nothing else of.
   */
  take(
    limits: { readonly all: number; readonly perHost: number; readonly room: ReadonlyMap<string, number> },
    holdMs: number,
  ): Promise<readonly OutboxRow[]>;
  /** By its run too: an id is given again once its row is gone. */
  sent(row: Pick<OutboxRow, 'id' | 'runId'>): Promise<void>;
  /** Another try after `delayMs`; `null`: given up, kept with its error. */
  failed(row: Pick<OutboxRow, 'id' | 'runId'>, error: string, delayMs: number | null): Promise<void>;
  nextDueMs(): Promise<number | undefined>;
  counts(): Promise<{ waiting: number; dead: number }>;
}
