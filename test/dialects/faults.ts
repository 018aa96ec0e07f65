/** Faults that are the same in every dialect, and which dialect knows which. */
import type { Dialect, ErrorAnswer, FaultName } from './types.ts';

const HTML = `<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>cloudflare</center></body></html>
`;

/** `undefined`: the fault changes the answer or its way, or only a dialect can say its words. */
export const FAULTS: Readonly<Record<FaultName, ErrorAnswer | undefined>> = {
  unauthorized: undefined,
  payment: undefined,
  forbidden: undefined,
  'not-found': undefined,
  'rate-limited-header': undefined,
  'rate-limited-body': undefined,
  overloaded: undefined,
  'server-error': undefined,
  'html-error': { status: 502, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: HTML },
  'tool-use-failed': undefined,
  'context-exceeded': undefined,
  'content-filter': undefined,
  'finish-error': undefined,
  'error-in-200': undefined,
  'error-in-stream': undefined,
  'stream-although-false': undefined,
  'json-although-stream': undefined,
  'arguments-object': undefined,
  'arguments-null': undefined,
  'bad-tool-name': undefined,
  'long-id': undefined,
  'duplicate-ids': undefined,
  'cut-half': undefined,
  stall: undefined,
  'slow-first-byte': undefined,
  'thinking-outside': undefined,
  'no-usage': undefined,
  'empty-answer': undefined,
  length: undefined,
  refusal: undefined,
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
  return (Object.keys(FAULTS) as FaultName[]).filter((name) => faultApplies(dialect, name));
}
