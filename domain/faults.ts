/** What can go wrong between us and a model endpoint, and what is done about each: one table that every dialect maps into. */

interface FaultEntry {
  /**
   * `again`: asked again at once. `wait`: asked again after a growing wait, or the one that the endpoint asks for. `pause`: the run stops,
   * resumable, with everything kept; `help` says what a person can do.
   */
  readonly next: 'again' | 'wait' | 'pause';
  /** The endpoint may have produced, and billed, an answer that never arrived; it is booked at its worst case. */
  readonly billed: boolean;
  readonly code: 'PROVIDER_UNAVAILABLE' | 'PROVIDER_REFUSED' | 'CONTEXT_EXCEEDED';
  /** What helps when it stays. */
  readonly help: string;
  /** Only another model helps. */
  readonly otherModel?: boolean;
}

const LATER = 'the endpoint is overloaded or down; go on when it is back';

export const FAULTS = {
  /** No connection: refused, no route, no such host, a proxy that says no. The request never left. */
  unreachable: {
    next: 'wait',
    billed: false,
    code: 'PROVIDER_UNAVAILABLE',
    help: 'check that the endpoint runs and that its address (models.<role>.baseUrl) and the proxy are right',
  },
  /** A certificate that does not fit, or TLS spoken with a plain port: trying again changes nothing. */
  insecure: {
    next: 'pause',
    billed: false,
    code: 'PROVIDER_UNAVAILABLE',
    help: "check the address (https or http, host name, port) and the endpoint's certificate",
  },
  /** The connection was made, and nothing came for longer than `models.<role>.timeout`. */
  silent: {
    next: 'wait',
    billed: true,
    code: 'PROVIDER_UNAVAILABLE',
    help: 'raise models.<role>.timeout if the model thinks for that long',
  },
  /** The request was sent, and the connection ended before anything came: a server that restarts, or whose gateway lost it. */
  dropped: { next: 'wait', billed: true, code: 'PROVIDER_UNAVAILABLE', help: LATER },
  /** The connection ended in the middle of an answer. */
  cut: { next: 'again', billed: true, code: 'PROVIDER_UNAVAILABLE', help: LATER },
  /** A whole answer that is none: no JSON, no choices, or larger than any answer may be. */
  unreadable: {
    next: 'wait',
    billed: true,
    code: 'PROVIDER_UNAVAILABLE',
    help: 'check that models.<role>.baseUrl is the address of the API that models.<role>.provider and .api speak',
  },
  /** The model wrote a tool call that the endpoint itself could not read (Groq `tool_use_failed`, Gemini `MALFORMED_FUNCTION_CALL`). */
  'malformed-call': {
    next: 'again',
    billed: true,
    code: 'PROVIDER_REFUSED',
    help: 'the model writes tool calls that its endpoint cannot read; another one may be named with --model',
    otherModel: true,
  },
  /** An error that came inside an answer which had begun. */
  interrupted: { next: 'wait', billed: true, code: 'PROVIDER_UNAVAILABLE', help: LATER },
  /** 500, 502, 504, 408, 409. */
  'server-error': { next: 'wait', billed: false, code: 'PROVIDER_UNAVAILABLE', help: LATER },
  /** 503, 529. */
  overloaded: { next: 'wait', billed: false, code: 'PROVIDER_UNAVAILABLE', help: LATER },
  /** 429 with room again after a while. */
  'rate-limited': {
    next: 'wait',
    billed: false,
    code: 'PROVIDER_UNAVAILABLE',
    help: 'wait until the rate limit allows more, or ask the provider for a higher one',
  },
  /** 402, and 429 that no wait mends: the account is empty or its quota used up. */
  'no-credit': { next: 'pause', billed: false, code: 'PROVIDER_REFUSED', help: "fill up the provider's account or raise its quota" },
  /** 401. */
  unauthorized: {
    next: 'pause',
    billed: false,
    code: 'PROVIDER_REFUSED',
    help: 'check the key (models.<role>.apiKey, or the default variable of the provider)',
  },
  /** 403. */
  forbidden: {
    next: 'pause',
    billed: false,
    code: 'PROVIDER_REFUSED',
    help: 'check that the key may use this model, and from this country and network',
  },
  /** 404. */
  'not-found': {
    next: 'pause',
    billed: false,
    code: 'PROVIDER_REFUSED',
    help: 'check the model name (models.<role>.model) and the address (models.<role>.baseUrl)',
  },
  /** The endpoint counts more tokens than the window holds. */
  'too-long': {
    next: 'pause',
    billed: false,
    code: 'CONTEXT_EXCEEDED',
    help: "set models.<role>.contextTokens to the endpoint's true window, or name a model that has a larger one with --model",
    otherModel: true,
  },
  /** Any other refusal of the request as it is. */
  refused: {
    next: 'pause',
    billed: false,
    code: 'PROVIDER_REFUSED',
    help: 'read what the endpoint says; models.<role>.api, .dialect and .reasoningEffort decide what is sent to it',
  },
} as const satisfies Record<string, FaultEntry>;

export type FaultName = keyof typeof FAULTS;

/** The entry of a fault, widened. */
export function faultOf(name: FaultName): FaultEntry {
  return FAULTS[name];
}
