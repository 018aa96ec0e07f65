/** Group commit: the writes of a thread's step wait for the checkpoint that ends it, and are committed with it. */
import { failpoint } from '../../domain/failpoint.ts';
import type { Sql, Transaction } from '../sql/transaction.ts';

/** One call of a saver. */
export interface GroupedWrite {
  /** The name of its failpoints. */
  readonly point: string;
  readonly rows: () => Transaction<void>;
}

interface Group {
  readonly writes: GroupedWrite[];
  /** Settles when the group is committed, or was refused as a whole. */
  readonly done: Promise<void>;
  settle(outcome: Promise<void> | undefined): void;
}

/** What a transaction of this thread begins with, as of now; undefined: with nothing. */
type Opening = (threadId: string) => (() => Transaction<void>) | undefined;

/**
 * A group is committed when it is told to, or else when the event loop turns: nobody waits for a write of a parallel task, whose
 * siblings may work for minutes. Its members live or fail together, and none is told before the commit.
 */
export class WriteGroups {
  readonly #sql: Sql;
  readonly #opening: Opening;
  readonly #open = new Map<string, Group>();
  /** Of a driver that does not answer at once. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(sql: Sql, opening: Opening) {
    this.#sql = sql;
    this.#opening = opening;
  }

  /** Settles with the group. */
  join(threadId: string, write: GroupedWrite): Promise<void> {
    const found = this.#open.get(threadId);
    if (found !== undefined) {
      found.writes.push(write);
      return found.done;
    }
    const group = newGroup(write);
    this.#open.set(threadId, group);
    setImmediate(() => {
      if (this.#open.get(threadId) === group) this.commit(threadId);
    });
    return group.done;
  }

  /** Commits what waits of this thread; the outcome is told to those who joined. */
  commit(threadId: string): void {
    const group = this.#open.get(threadId);
    if (group === undefined) return;
    this.#open.delete(threadId);
    const opening = this.#opening(threadId);
    const before = this.#underWay.get(threadId);
    try {
      const outcome = before === undefined ? this.#write(group, opening) : before.then(() => this.#write(group, opening));
      group.settle(outcome === undefined ? undefined : this.#follow(threadId, outcome));
    } catch (error) {
      group.settle(Promise.reject(error));
    }
  }

  commitAll(): void {
    for (const threadId of this.#open.keys()) this.commit(threadId);
  }

  /** When all that was written before is committed or refused; without a thread, of all of them. */
  async settled(threadId?: string): Promise<void> {
    if (threadId === undefined) {
      this.commitAll();
      await Promise.all(this.#underWay.values());
    } else {
      this.commit(threadId);
      await this.#underWay.get(threadId);
    }
  }

  #write(group: Group, opening: ReturnType<Opening>): Promise<void> | undefined {
    for (const { point } of group.writes) failpoint(`${point}:before`);
    const done = this.#sql.write(() => transactionOf(group.writes, opening));
    const told = (): void => {
      for (const { point } of group.writes) failpoint(`${point}:after`);
    };
    if (done instanceof Promise) return done.then(told);
    told();
    return undefined;
  }

  /** The next group of the thread comes after this one, however this one ends. */
  #follow(threadId: string, outcome: Promise<void>): Promise<void> {
    const ended = outcome.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.set(threadId, ended);
    void ended.then(() => {
      if (this.#underWay.get(threadId) === ended) this.#underWay.delete(threadId);
    });
    return outcome;
  }
}

function* transactionOf(writes: readonly GroupedWrite[], opening: ReturnType<Opening>): Transaction<void> {
  if (opening !== undefined) yield* opening();
  for (const { point, rows } of writes) {
    yield* rows();
    failpoint(`${point}:inside`);
  }
}

function newGroup(first: GroupedWrite): Group {
  let settle: Group['settle'] = () => undefined;
  const done = new Promise<void>((resolve) => {
    settle = (outcome) => resolve(outcome);
  });
  return { writes: [first], done, settle };
}
