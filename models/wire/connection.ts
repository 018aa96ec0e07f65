/** A connection that failed: which fault of the table it is. */
import { ProviderError, toError } from '../../domain/errors.ts';
import type { FaultName } from '../../domain/faults.ts';
import { Unsent } from './transport.ts';

/** Certificates and TLS (`node:tls`, OpenSSL): the handshake ended before the request. */
const INSECURE =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:VERIFY|GET_ISSUER)|HOSTNAME_MISMATCH|CRL_|INVALID_CA|PATH_LENGTH)/;

/** @returns the fault of a request that got no answer. */
export function connectionFault(error: unknown): ProviderError {
  const isUnsent = error instanceof Unsent;
  const isInsecure = isUnsent && codesOf(error).some((code) => INSECURE.test(code));
  const fault: FaultName = isInsecure ? 'insecure' : isUnsent ? 'unreachable' : 'dropped';
  const what = isUnsent ? 'no connection to the model endpoint' : 'the connection ended before an answer came';
  return new ProviderError(`${what}: ${reasonOf(error)}`, { fault, cause: error });
}

/** The first code along the causes, with its words where it is one of the HTTP client's own; else the message. */
export function reasonOf(error: unknown): string {
  const [code] = codesOf(error);
  if (code === undefined) return toError(error).message.slice(0, 200);
  const said = causesOf(error).find((at) => 'code' in at && at.code === code)?.message;
  return code.startsWith('UND_ERR_') && said !== undefined ? `${said.slice(0, 200)} (${code})` : code;
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

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 5; at = at.cause) causes.push(at);
  return causes;
}
