/** The ledger: reserve before, settle after, in statements that the database guards. Amounts are whole numbers. */
import type { Account, Amounts, CapName, Caps, Price, Refusal } from '../domain/budget.ts';
import { tokensOf, usedOf } from '../domain/budget.ts';
import { canonicalJson } from '../domain/ids.ts';
import type { CallLine, EffectId, Fence, Ledger, Reservation, SpendLine } from '../domain/ports.ts';
import { assertFence, type Database } from './database.ts';

/** `held` is what is reserved and, once it is settled, what it was settled to; `asked` stays what was reserved. */
type Side = 'settled' | 'reserved' | 'held' | 'asked';
type Row = Record<string, number | string | null>;

const FIELDS = [
  ['costMicroUsd', 'cost'],
  ['inputTokens', 'input_tokens'],
  ['outputTokens', 'output_tokens'],
  ['modelCalls', 'model_calls'],
  ['toolCalls', 'tool_calls'],
  ['agents', 'agents'],
] as const;

const parameters = (amounts: Amounts): Record<string, number> =>
  Object.fromEntries(FIELDS.map(([name, column]) => [column, amounts[name]]));
const amountsOf = (row: Row, side: Side): Amounts => ({
  costMicroUsd: Number(row[`${side}_cost`]),
  inputTokens: Number(row[`${side}_input_tokens`]),
  outputTokens: Number(row[`${side}_output_tokens`]),
  modelCalls: Number(row[`${side}_model_calls`]),
  toolCalls: Number(row[`${side}_tool_calls`]),
  agents: Number(row[`${side}_agents`]),
});
const add = (side: Side, sign: '+' | '-'): string =>
  FIELDS.map(([, column]) => `${side}_${column} = ${side}_${column} ${sign} @${column}`).join(', ');

const CAP_SQL = {
  costMicroUsd: { cap: 'cap_cost', added: 'add_cost', used: 'settled_cost + reserved_cost', ask: '@cost' },
  tokens: {
    cap: 'cap_tokens',
    added: 'add_tokens',
    used: 'settled_input_tokens + settled_output_tokens + reserved_input_tokens + reserved_output_tokens',
    ask: '(@input_tokens + @output_tokens)',
  },
  modelCalls: { cap: 'cap_model_calls', added: 'add_model_calls', used: 'settled_model_calls + reserved_model_calls', ask: '@model_calls' },
  toolCalls: { cap: 'cap_tool_calls', added: 'add_tool_calls', used: 'settled_tool_calls + reserved_tool_calls', ask: '@tool_calls' },
  agents: { cap: 'cap_agents', added: 'add_agents', used: 'settled_agents + reserved_agents', ask: '@agents' },
} as const satisfies Record<CapName, { cap: string; added: string; used: string; ask: string }>;

const CAPS = Object.entries(CAP_SQL);

// A cap binds only what a call asks for: a settled overshoot of money does not forbid a free tool call.
const GUARD = CAPS.map(([, { cap, used, ask }]) => `(${cap} IS NULL OR ${ask} = 0 OR ${used} + ${ask} <= ${cap})`).join(' AND ');

/** What the journal needs inside its own transactions. */
export interface LedgerCore {
  /** All accounts or none; called inside a transaction. */
  reserve(fence: Fence, effect: EffectId, reservation: Reservation): Refusal | undefined;
  /** Settles the open reservation of an effect; a no-op without one. */
  settle(effectKey: string, actual: Amounts | 'all', state: 'settled' | 'orphaned'): void;
}

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

export function createLedger(database: Database): Ledger & LedgerCore {
  const ensure = database.prepare(
    `INSERT OR IGNORE INTO accounts (thread_id, account, cap_cost, cap_tokens, cap_model_calls, cap_tool_calls, cap_agents)
     VALUES (@thread, @account, @costMicroUsd, @tokens, @modelCalls, @toolCalls, @agents)`,
  );
  const read = database.prepare('SELECT * FROM accounts WHERE thread_id = ? AND account = ?');
  const take = database.prepare(
    `UPDATE accounts SET ${add('reserved', '+')} WHERE thread_id = @thread AND account = @account AND ${GUARD}`,
  );
  const giveBack = database.prepare(`UPDATE accounts SET ${add('reserved', '-')} WHERE thread_id = @thread AND account = @account`);
  const book = database.prepare(`UPDATE accounts SET ${add('settled', '+')} WHERE thread_id = @thread AND account = @account`);
  const hold = database.prepare(
    `INSERT INTO reservations (thread_id, effect, epoch, accounts, state, role, agent, stage, attempt, model, price,
       ${FIELDS.map(([, column]) => `held_${column}, asked_${column}`).join(', ')})
     VALUES (@thread, @effect, @epoch, @accounts, 'reserved', @role, @agent, @stage, @attempt, @model, @price,
       ${FIELDS.map(([, column]) => `@${column}, @${column}`).join(', ')})`,
  );
  const held = database.prepare("SELECT * FROM reservations WHERE effect = ? AND state = 'reserved'");
  const close = database.prepare(
    `UPDATE reservations SET state = @state, ${FIELDS.map(([, column]) => `held_${column} = @${column}`).join(', ')} WHERE id = @id`,
  );
  const every = database.prepare('SELECT * FROM reservations WHERE thread_id = ? ORDER BY id');
  const early = database.prepare('SELECT * FROM extensions WHERE thread_id = ? AND account = ?');
  const remember = database.prepare(
    `INSERT OR IGNORE INTO extensions (thread_id, account, id, ${CAPS.map(([, { added }]) => added).join(', ')})
     VALUES (@thread, @account, @id, ${CAPS.map(([name]) => `@${name}`).join(', ')})`,
  );
  const raise = database.prepare(
    `UPDATE accounts SET ${CAPS.map(([name, { cap }]) => `${cap} = ${cap} + @${name}`).join(', ')} WHERE thread_id = @thread AND account = @account`,
  );

  const openAccount = (threadId: string, account: Account): void => {
    const none: Record<CapName, null> = { costMicroUsd: null, tokens: null, modelCalls: null, toolCalls: null, agents: null };
    if (ensure.run({ ...none, ...account.caps, thread: threadId, account: account.id }).changes === 0) return;
    for (const row of early.all(threadId, account.id) as Row[]) {
      // the table's columns
      const by = Object.fromEntries(CAPS.map(([name, { added }]) => [name, row[added]]));
      raise.run({ ...by, thread: threadId, account: account.id });
    }
  };
  const refusalOf = (threadId: string, account: string, amounts: Amounts): Refusal => {
    const row = read.get(threadId, account) as Row; // it exists: it was opened just before
    const used = usedOf({ settled: amountsOf(row, 'settled'), reserved: amountsOf(row, 'reserved') });
    const asked: Record<CapName, number> = { ...amounts, tokens: tokensOf(amounts) };
    for (const name of Object.keys(CAP_SQL) as CapName[]) {
      // the keys of this very table
      const limit = row[CAP_SQL[name].cap];
      if (limit !== null && limit !== undefined && asked[name] > 0 && used[name] + asked[name] > Number(limit))
        return { account, cap: name, limit: Number(limit), used: used[name], asked: asked[name] };
    }
    throw new Error(`account ${account}: a reservation was refused, but no cap explains it`);
  };
  const settleRow = (row: Row, actual: Amounts | 'all', state: 'settled' | 'orphaned'): void => {
    const reserved = amountsOf(row, 'held');
    const final = actual === 'all' ? reserved : actual;
    for (const account of JSON.parse(String(row['accounts'])) as string[]) {
      // written by `reserve`
      const target = { thread: String(row['thread_id']), account };
      giveBack.run({ ...target, ...parameters(reserved) });
      book.run({ ...target, ...parameters(final) });
    }
    close.run({ id: row['id'], state, ...parameters(final) });
  };
  return {
    reserve: (fence, effect, { accounts, amounts, model, price }) => {
      for (const account of accounts) openAccount(fence.threadId, account);
      for (const [index, account] of accounts.entries()) {
        if (take.run({ thread: fence.threadId, account: account.id, ...parameters(amounts) }).changes === 1) continue;
        const refusal = refusalOf(fence.threadId, account.id, amounts);
        for (const taken of accounts.slice(0, index)) giveBack.run({ thread: fence.threadId, account: taken.id, ...parameters(amounts) });
        return refusal;
      }
      hold.run({
        thread: fence.threadId,
        effect: effect.key,
        epoch: fence.epoch,
        accounts: JSON.stringify(accounts.map((account) => account.id)),
        role: effect.role,
        agent: effect.agent,
        stage: effect.stage,
        attempt: effect.attempt,
        model: model ?? null,
        price: price === undefined ? null : canonicalJson(price),
        ...parameters(amounts),
      });
      return undefined;
    },
    settle: (effectKey, actual, state) => {
      for (const row of held.all(effectKey) as Row[]) settleRow(row, actual, state); // the table's columns
    },
    totals: async (threadId, account) => {
      const row = read.get(threadId, account) as Row | undefined; // the table's columns
      if (row === undefined) {
        const zero = { costMicroUsd: 0, inputTokens: 0, outputTokens: 0, modelCalls: 0, toolCalls: 0, agents: 0 };
        return { settled: zero, reserved: zero, caps: {} };
      }
      const caps = Object.fromEntries(
        CAPS.flatMap(([name, { cap }]) => (row[cap] === null || row[cap] === undefined ? [] : [[name, Number(row[cap])]])),
      ) as Caps; // the keys of CAP_SQL are the names of the caps
      return { settled: amountsOf(row, 'settled'), reserved: amountsOf(row, 'reserved'), caps };
    },
    lines: async (threadId) => {
      const sums = FIELDS.map(([, column]) => `SUM(held_${column}) AS held_${column}`).join(', ');
      const rows = database
        .prepare(
          `SELECT role, agent, stage, attempt, state = 'orphaned' AS orphaned, ${sums} FROM reservations WHERE thread_id = ?
           GROUP BY role, agent, stage, attempt, orphaned ORDER BY MIN(id)`,
        )
        .all(threadId) as Row[]; // the selected columns
      return rows.map(
        (row): SpendLine => ({
          role: String(row['role']),
          agent: String(row['agent']),
          stage: String(row['stage']),
          attempt: Number(row['attempt']),
          amounts: amountsOf(row, 'held'),
          orphaned: Number(row['orphaned']) === 1,
        }),
      );
    },
    calls: async (threadId) => (every.all(threadId) as Row[]).map(callOf), // the table's columns
    open: async (fence, account) => {
      const write = database.transaction(() => {
        assertFence(database, fence);
        openAccount(fence.threadId, account);
      });
      write.immediate();
    },
    extend: async (fence, account, id, by) => {
      const write = database.transaction(() => {
        assertFence(database, fence);
        const zero: Required<Caps> = { costMicroUsd: 0, tokens: 0, modelCalls: 0, toolCalls: 0, agents: 0 };
        const named = { ...zero, ...by, thread: fence.threadId, account };
        // An account that is not open yet gets it when it opens: one without its caps would have no limit at all.
        if (remember.run({ ...named, id }).changes === 1) raise.run(named);
      });
      write.immediate();
    },
    bookOrphans: async (fence) => {
      const write = database.transaction((): number => {
        assertFence(database, fence);
        const rows = database
          .prepare("SELECT * FROM reservations WHERE thread_id = ? AND state = 'reserved' AND epoch < ?")
          .all(fence.threadId, fence.epoch) as Row[]; // the table's columns
        for (const row of rows) settleRow(row, 'all', 'orphaned');
        return rows.length;
      });
      return write.immediate();
    },
  };
}
