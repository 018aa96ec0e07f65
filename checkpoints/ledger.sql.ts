/** The statements of the ledger. Amounts stand in one order everywhere, so that a statement's parameters are a list. */
import type { Amounts, CapName } from '../domain/budget.ts';

/** `held` is what is reserved and, once it is settled, what it was settled to; `asked` stays what was reserved. */
export type Side = 'settled' | 'reserved' | 'held' | 'asked';

const FIELDS = [
  ['costMicroUsd', 'cost'],
  ['inputTokens', 'input_tokens'],
  ['outputTokens', 'output_tokens'],
  ['modelCalls', 'model_calls'],
  ['toolCalls', 'tool_calls'],
  ['agents', 'agents'],
] as const satisfies readonly (readonly [keyof Amounts, string])[];

/** The amounts as parameters, in the order of the columns. */
export const valuesOf = (amounts: Amounts): number[] => FIELDS.map(([name]) => amounts[name]);

/** One term a column, with the number of its parameter; the first is `from`. */
const each = (from: number, term: (column: string, parameter: string) => string): string =>
  FIELDS.map(([, column], index) => term(column, `$${from + index}`)).join(', ');

/** A parameter alone would be of a smaller type where it is compared with a number that is written out. */
const whole = (number: number): string => `CAST($${number} AS BIGINT)`;

// Their amounts are the parameters 3 to 8.
const CAP_SQL = {
  costMicroUsd: { cap: 'cap_cost', added: 'add_cost', used: 'settled_cost + reserved_cost', ask: whole(3) },
  tokens: {
    cap: 'cap_tokens',
    added: 'add_tokens',
    used: 'settled_input_tokens + settled_output_tokens + reserved_input_tokens + reserved_output_tokens',
    ask: `(${whole(4)} + ${whole(5)})`,
  },
  modelCalls: { cap: 'cap_model_calls', added: 'add_model_calls', used: 'settled_model_calls + reserved_model_calls', ask: whole(6) },
  toolCalls: { cap: 'cap_tool_calls', added: 'add_tool_calls', used: 'settled_tool_calls + reserved_tool_calls', ask: whole(7) },
  agents: { cap: 'cap_agents', added: 'add_agents', used: 'settled_agents + reserved_agents', ask: whole(8) },
} as const satisfies Record<CapName, { cap: string; added: string; used: string; ask: string }>;

/** The caps in the order of their parameters. */
export const CAPS = Object.entries(CAP_SQL) as [CapName, (typeof CAP_SQL)[CapName]][]; // the keys of this very table

// A cap binds only what a call asks for: a settled overshoot of money does not forbid a free tool call.
const GUARD = CAPS.map(([, { cap, used, ask }]) => `(${cap} IS NULL OR ${ask} = 0 OR ${used} + ${ask} <= ${cap})`).join(' AND ');
const ACCOUNT = 'thread_id = $1 AND account = $2';

export const READ = `SELECT * FROM accounts WHERE ${ACCOUNT}`;
/** Thread, account, the five caps. */
export const OPEN = `INSERT INTO accounts (thread_id, account, ${CAPS.map(([, { cap }]) => cap).join(', ')})
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (thread_id, account) DO NOTHING`;
/** Thread, account, amounts; changes nothing where a cap forbids it. */
export const TAKE = `UPDATE accounts SET ${each(3, (column, ask) => `reserved_${column} = reserved_${column} + ${ask}`)}
  WHERE ${ACCOUNT} AND ${GUARD}`;
/** Thread, account, amounts. */
export const GIVE_BACK = `UPDATE accounts SET ${each(3, (column, held) => `reserved_${column} = reserved_${column} - ${held}`)} WHERE ${ACCOUNT}`;
/** Thread, account, what was held, what it came to. */
export const BOOK = `UPDATE accounts SET ${each(3, (column, held) => `reserved_${column} = reserved_${column} - ${held}`)},
  ${each(9, (column, actual) => `settled_${column} = settled_${column} + ${actual}`)} WHERE ${ACCOUNT}`;
/** Thread, effect, epoch, accounts, role, agent, stage, attempt, model, price, amounts. */
export const HOLD = `INSERT INTO reservations (thread_id, effect, epoch, accounts, state, role, agent, stage, attempt, model, price,
    ${each(11, (column) => `held_${column}`)}, ${each(11, (column) => `asked_${column}`)})
  VALUES ($1, $2, $3, $4, 'reserved', $5, $6, $7, $8, $9, $10, ${each(11, (_, amount) => amount)}, ${each(11, (_, amount) => amount)})`;
/** Id, state, amounts. */
export const CLOSE = `UPDATE reservations SET state = $2, ${each(3, (column, actual) => `held_${column} = ${actual}`)} WHERE id = $1`;
export const HELD = "SELECT * FROM reservations WHERE effect = $1 AND state = 'reserved'";
export const LEFT = "SELECT * FROM reservations WHERE thread_id = $1 AND state = 'reserved' AND epoch < $2";
export const CALLS = 'SELECT * FROM reservations WHERE thread_id = $1 ORDER BY id';
export const LINES = `SELECT role, agent, stage, attempt, CASE WHEN state = 'orphaned' THEN 1 ELSE 0 END AS orphaned,
    ${each(2, (column) => `CAST(SUM(held_${column}) AS BIGINT) AS held_${column}`)}
  FROM reservations WHERE thread_id = $1 GROUP BY role, agent, stage, attempt, orphaned ORDER BY MIN(id)`;
export const ADDED = `SELECT * FROM extensions WHERE ${ACCOUNT}`;
/** Thread, account, id, the five caps. */
export const ADD = `INSERT INTO extensions (thread_id, account, id, ${CAPS.map(([, { added }]) => added).join(', ')})
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (thread_id, account, id) DO NOTHING`;
/** Thread, account, the five caps. */
export const RAISE = `UPDATE accounts SET ${CAPS.map(([, { cap }], index) => `${cap} = ${cap} + $${3 + index}`).join(', ')} WHERE ${ACCOUNT}`;
