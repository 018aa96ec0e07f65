/** Faults that are the same in every dialect, and which dialect knows which. */
import { type Dialect, type ErrorAnswer, FAULT_NAMES, type FaultName } from './types.ts';

const HTML = `<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>cloudflare</center></body></html>
`;

/** What no dialect says in words of its own. */
export const COMMON_ERRORS: Readonly<Partial<Record<FaultName, ErrorAnswer>>> = {
  'html-error': { status: 502, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: HTML },
};

const NEEDS_WORDS: readonly FaultName[] = [
  'unauthorized',
  'payment',
  'forbidden',
  'not-found',
  'rate-limited-header',
  'rate-limited-body',
  'overloaded',
  'server-error',
  'context-exceeded',
  'error-in-200',
];

export function faultApplies(dialect: Dialect, name: FaultName): boolean {
  if (dialect.without.includes(name)) return false;
  return !NEEDS_WORDS.includes(name) || dialect.errors[name] !== undefined;
}

/** What a dialect can be made to do wrong. */
export function faultsOf(dialect: Dialect): readonly FaultName[] {
  return FAULT_NAMES.filter((name) => faultApplies(dialect, name));
}
