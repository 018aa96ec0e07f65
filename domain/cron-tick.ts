/** One tick of one cron, of which one run is made. */
export interface CronTick {
  readonly cronId: string;
  /** Ms since 1970. */
  readonly tickMs: number;
}
