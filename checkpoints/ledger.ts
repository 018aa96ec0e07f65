/** The ledger: reserve before, settle after, in statements that the database guards. Amounts are whole numbers. */
import type { Account, Amounts, CapName, Caps, Price, Refusal } from '../domain/budget.ts';
import { tokensOf, usedOf, ZERO } from '../domain/budget.ts';
import { canonicalJson } from '../domain/ids.ts';
import type { CallLine, EffectId, Fence, Ledger, Reservation, SpendLine } from '../domain/ports.ts';
import { assertFence } from './fence.ts';
import {
  ADD,
  ADDED,
  BOOK,
  CALLS,
  CAPS,
  CLOSE,
  GIVE_BACK,
  HELD,
  HOLD,
  LEFT,
  LINES,
  OPEN,
  RAISE,
  READ,
  type Side,
  TAKE,
  valuesOf,
} from './ledger.sql.ts';
import { many, one, run, type Sql, type Transaction } from './sql/transaction.ts';

type Row = Readonly<Record<string, number | string | null>>;
type Spent = Amounts | 'all';

export function createLedger(sql: Sql): Ledger {
  return {
    totals: async (threadId, account) => {
      const row = await sql.read(() => one<Row>(READ, [threadId, account]));
      if (row === undefined) return { settled: ZERO, reserved: ZERO, caps: {} };
      return { settled: amountsOf(row, 'settled'), reserved: amountsOf(row, 'reserved'), caps: capsOf(row) };
    },
    lines: async (threadId) => (await sql.read(() => many<Row>(LINES, [threadId]))).map(lineOf),
    calls: async (threadId) => (await sql.read(() => many<Row>(CALLS, [threadId]))).map(callOf),
    open: async (fence, account) =>
      sql.write(function* () {
        yield* assertFence(fence);
        yield* openAccount(fence.threadId, account);
      }),
    extend: async (fence, account, id, by) => sql.write(() => extend(fence, account, id, by)),
    bookOrphans: async (fence) => sql.write(() => bookOrphans(fence)),
  };
}

/** Reserves on all accounts or on none, in the journal's transaction; what forbids it otherwise. */
export function* reserve(fence: Fence, effect: EffectId, reservation: Reservation): Transaction<Refusal | undefined> {
  const { accounts, amounts, model, price } = reservation;
  const { threadId } = fence;
  for (const account of accounts) yield* openAccount(threadId, account);
  const values = valuesOf(amounts);
  for (const [index, account] of accounts.entries()) {
    if ((yield* run(TAKE, [threadId, account.id, ...values])) === 1) continue;
    const refusal = yield* refusalOf(threadId, account.id, amounts);
    for (const taken of accounts.slice(0, index)) yield* run(GIVE_BACK, [threadId, taken.id, ...values]);
    return refusal;
  }
  yield* run(HOLD, [
    threadId,
    effect.key,
    fence.epoch,
    JSON.stringify(accounts.map((account) => account.id)),
    effect.role,
    effect.agent,
    effect.stage,
    effect.attempt,
    model ?? null,
    price === undefined ? null : canonicalJson(price),
    ...values,
  ]);
  return undefined;
}

/** Settles the open reservation of an effect, in the journal's transaction; nothing without one. */
export function* settle(effectKey: string, actual: Spent, state: 'settled' | 'orphaned'): Transaction<void> {
  for (const row of yield* many<Row>(HELD, [effectKey])) yield* settleRow(row, actual, state);
}

function* settleRow(row: Row, actual: Spent, state: 'settled' | 'orphaned'): Transaction<void> {
  const held = amountsOf(row, 'held');
  const final = valuesOf(actual === 'all' ? held : actual);
  for (const account of JSON.parse(String(row['accounts'])) as string[]) // written by `reserve`
    yield* run(BOOK, [String(row['thread_id']), account, ...valuesOf(held), ...final]);
  yield* run(CLOSE, [Number(row['id']), state, ...final]);
}

function* openAccount(threadId: string, account: Account): Transaction<void> {
  const caps = CAPS.map(([name]) => account.caps[name] ?? null);
  if ((yield* run(OPEN, [threadId, account.id, ...caps])) === 0) return;
  for (const row of yield* many<Row>(ADDED, [threadId, account.id])) {
    const added = CAPS.map(([, cap]) => Number(row[cap.added]));
    yield* run(RAISE, [threadId, account.id, ...added]);
  }
}

function* extend(fence: Fence, account: string, id: string, by: Caps): Transaction<void> {
  yield* assertFence(fence);
  const added = CAPS.map(([name]) => by[name] ?? 0);
  // An account that is not open yet gets it when it opens: one without its caps would have no limit at all.
  if ((yield* run(ADD, [fence.threadId, account, id, ...added])) === 1) yield* run(RAISE, [fence.threadId, account, ...added]);
}

function* bookOrphans(fence: Fence): Transaction<number> {
  yield* assertFence(fence);
  const rows = yield* many<Row>(LEFT, [fence.threadId, fence.epoch]);
  for (const row of rows) yield* settleRow(row, 'all', 'orphaned');
  return rows.length;
}

function* refusalOf(threadId: string, account: string, amounts: Amounts): Transaction<Refusal> {
  const row = (yield* one<Row>(READ, [threadId, account])) ?? {};
  const used = usedOf({ settled: amountsOf(row, 'settled'), reserved: amountsOf(row, 'reserved') });
  const asked: Record<CapName, number> = { ...amounts, tokens: tokensOf(amounts) };
  for (const [name, { cap }] of CAPS) {
    const limit = row[cap];
    if (limit !== null && limit !== undefined && asked[name] > 0 && used[name] + asked[name] > Number(limit))
      return { account, cap: name, limit: Number(limit), used: used[name], asked: asked[name] };
  }
  throw new Error(`account ${account}: a reservation was refused, but no cap explains it`);
}

const amountsOf = (row: Row, side: Side): Amounts => ({
  costMicroUsd: Number(row[`${side}_cost`]),
  inputTokens: Number(row[`${side}_input_tokens`]),
  outputTokens: Number(row[`${side}_output_tokens`]),
  modelCalls: Number(row[`${side}_model_calls`]),
  toolCalls: Number(row[`${side}_tool_calls`]),
  agents: Number(row[`${side}_agents`]),
});

function capsOf(row: Row): Caps {
  const set = CAPS.flatMap(([name, { cap }]) => {
    const value = row[cap];
    return value === null || value === undefined ? [] : [[name, Number(value)]];
  });
  return Object.fromEntries(set) as Caps; // the names of the caps
}

const lineOf = (row: Row): SpendLine => ({
  role: String(row['role']),
  agent: String(row['agent']),
  stage: String(row['stage']),
  attempt: Number(row['attempt']),
  amounts: amountsOf(row, 'held'),
  orphaned: Number(row['orphaned']) === 1,
});

const callOf = (row: Row): CallLine => ({
  effect: String(row['effect']),
  role: String(row['role']),
  agent: String(row['agent']),
  stage: String(row['stage']),
  attempt: Number(row['attempt']),
  reserved: row['asked_cost'] === null ? null : amountsOf(row, 'asked'),
  settled: row['state'] === 'reserved' ? null : amountsOf(row, 'held'),
  model: row['model'] === null ? null : String(row['model']),
  price: row['price'] === null ? null : (JSON.parse(String(row['price'])) as Price), // written by `reserve`
  orphaned: row['state'] === 'orphaned',
});
