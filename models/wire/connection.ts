/** A connection that failed: which fault of the table it is. */
import { ProviderError, toError } from '../../domain/errors.ts';
import type { FaultName } from '../../domain/faults.ts';

/** The request never reached the endpoint, so nothing was billed. */
const UNREACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  // The proxy refused the tunnel.
  'UND_ERR_PRX_TLS',
  'UND_ERR_PROXY',
]);
/** Certificates and TLS (`node:tls`, OpenSSL): the handshake ended before the request. */
const INSECURE =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:VERIFY|GET_ISSUER)|HOSTNAME_MISMATCH|CRL_|INVALID_CA|PATH_LENGTH)/;

/** @returns the fault of a request that got no answer. */
export function connectionFault(error: unknown): ProviderError {
  const codes = codesOf(error);
  let fault: FaultName = 'cut';
  if (codes.some((code) => UNREACHED.has(code)) || /proxy response \(\d+\)/i.test(messagesOf(error))) fault = 'unreachable';
  if (codes.some((code) => INSECURE.test(code))) fault = 'insecure';
  return new ProviderError(`no connection to the model endpoint: ${reasonOf(error)}`, { fault, cause: error });
}

/** The first code along the causes, else the message. */
export function reasonOf(error: unknown): string {
  return codesOf(error)[0] ?? toError(error).message.slice(0, 200);
}

/** The codes along the causes; `fetch failed` hides the real one two levels down. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (const at of causesOf(error)) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code);
    if (at instanceof AggregateError) codes.push(...at.errors.flatMap((inner) => codesOf(inner)));
  }
  return codes;
}

const messagesOf = (error: unknown): string =>
  causesOf(error)
    .map((at) => at.message)
    .join('\n');

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 5; at = at.cause) causes.push(at);
  return causes;
}
