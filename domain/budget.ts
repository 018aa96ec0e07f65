/** Amounts, caps and the pure rules over them. Everything is a whole number: micro-dollars, tokens, calls, milliseconds. */

/** What a run or an agent can use up. `tokens` is input + output. */
export interface Amounts {
  readonly costMicroUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly agents: number;
}

export const ZERO: Amounts = { costMicroUsd: 0, inputTokens: 0, outputTokens: 0, modelCalls: 0, toolCalls: 0, agents: 0 };

/** The caps of one account; an absent cap does not bind. */
export interface Caps {
  readonly costMicroUsd?: number;
  readonly tokens?: number;
  readonly modelCalls?: number;
  readonly toolCalls?: number;
  readonly agents?: number;
}

export type CapName = keyof Caps;

/** One account of the ledger: `run`, or `agent:<stage>:<attempt>:<agent>`. */
export interface Account {
  readonly id: string;
  readonly caps: Caps;
}

/** Why a reservation was refused: the account, the cap, its value and what it would have become. */
export interface Refusal {
  readonly account: string;
  readonly cap: CapName;
  readonly limit: number;
  readonly used: number;
  readonly asked: number;
}

/** Prices in micro-dollars per million tokens. */
export interface Price {
  readonly inputMicroUsdPerMillion: number;
  readonly cachedInputMicroUsdPerMillion: number;
  /** Of input that is written to a cache; absent: the price of input. */
  readonly cacheWriteMicroUsdPerMillion?: number | undefined;
  readonly outputMicroUsdPerMillion: number;
}

/** What a call used, as reported or estimated. What was read from a cache and what was written to one are parts of `inputTokens`. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens?: number | undefined;
}

/** Rounded up, so that no sum of roundings falls below the true price. */
export function costOf(price: Price, usage: Usage): number {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, usage.inputTokens - cached);
  const fresh = usage.inputTokens - cached - written;
  const total =
    fresh * price.inputMicroUsdPerMillion +
    cached * price.cachedInputMicroUsdPerMillion +
    written * (price.cacheWriteMicroUsdPerMillion ?? price.inputMicroUsdPerMillion) +
    usage.outputTokens * price.outputMicroUsdPerMillion;
  return Math.ceil(total / 1_000_000);
}

/** The most that a token of input can cost: nobody knows before the call which part of it a cache takes or gives. */
export function dearestInputOf(price: Price): number {
  return Math.max(price.inputMicroUsdPerMillion, price.cachedInputMicroUsdPerMillion, price.cacheWriteMicroUsdPerMillion ?? 0);
}

/** The worst case of a call: all input at its dearest, the whole output limit used. */
export function worstCaseOf(price: Price, inputTokens: number, maxOutputTokens: number): number {
  return Math.ceil((inputTokens * dearestInputOf(price) + maxOutputTokens * price.outputMicroUsdPerMillion) / 1_000_000);
}

/** Totals of one account: settled (known), reserved (in flight). */
export interface Totals {
  readonly settled: Amounts;
  readonly reserved: Amounts;
}

export function tokensOf(amounts: Amounts): number {
  return amounts.inputTokens + amounts.outputTokens;
}

/** What counts against each cap: what is settled, and what is reserved. */
export function usedOf({ settled, reserved }: Totals): Record<CapName, number> {
  return {
    costMicroUsd: settled.costMicroUsd + reserved.costMicroUsd,
    tokens: tokensOf(settled) + tokensOf(reserved),
    modelCalls: settled.modelCalls + reserved.modelCalls,
    toolCalls: settled.toolCalls + reserved.toolCalls,
    agents: settled.agents + reserved.agents,
  };
}

/** The largest used share of any cap, 0 to 1 and above; what `leanAt` is compared with. */
export function usedShare(totals: Totals, caps: Caps): { share: number; cap: CapName | undefined } {
  const used = usedOf(totals);
  let share = 0;
  let cap: CapName | undefined;
  for (const name of ['costMicroUsd', 'tokens', 'modelCalls', 'toolCalls'] as const) {
    const limit = caps[name];
    if (limit === undefined) continue;
    const part = limit === 0 ? 1 : used[name] / limit;
    if (part > share) {
      share = part;
      cap = name;
    }
  }
  return { share, cap };
}
