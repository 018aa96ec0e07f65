/** What a server or the way to it did wrong, told to a person: the thing, the rule and the mend; nothing that a server says reaches a terminal raw. */
import { z } from 'zod';
import { visible } from '../../domain/access.ts';
import { StopError, toError, UsageError } from '../../domain/errors.ts';
import { isReasonCode } from '../../domain/reasons.ts';

/** Longest sentence of a server that is shown, in characters. */
const MAX_DETAIL = 2000;
/** Longest wait that a server may ask for, in ms. */
export const MAX_RETRY_AFTER_MS = 60_000;

const TLS = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|EPROTO/;
/** Flags of the command line, as members of the API. */
const MEMBERS: readonly (readonly [RegExp, string])[] = [
  [/^(comment|edit|subject|waive)\b/, '--$1'],
  [/^(body\.)?add_usd\b/, '--add-usd'],
  [/^(input|body)\.repo\b/, '--repo'],
];

/** One line of a server that a terminal may show. */
export const shown = (text: string): string => visible(text).replaceAll('\n', ' ').slice(0, MAX_DETAIL);

/** The answer of a server that did not do what was asked. */
export interface Refusal {
  readonly server: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Whether the token came from `GOVERNOR_TOKEN`, the sign-in, or there was none. */
  readonly tokenFrom: 'GOVERNOR_TOKEN' | 'login' | undefined;
  /** As it works when it is pasted. */
  readonly loginCommand: string;
}

const detailSchema = z.object({ detail: z.string() });

/** What the server says in its own form; undefined: something else answered, such as a proxy. */
function detailOf(body: string): string | undefined {
  try {
    return detailSchema.safeParse(JSON.parse(body)).data?.detail;
  } catch {
    return undefined;
  }
}

/** The error that a person or a script is told. */
export function refusalError(refusal: Refusal): Error {
  const { server, status, headers } = refusal;
  const detail = detailOf(refusal.body);
  if (status >= 500 || detail === undefined) return new UsageError(unusable(server, status, headers, detail));
  const text = MEMBERS.reduce((all, [member, flag]) => all.replace(member, flag), shown(detail));
  if (status === 401) return new UsageError(unknownCaller(refusal, text));
  if (status === 404 && detail.endsWith('there is no such route'))
    return new UsageError(`server ${server}: ${text}; it is older than this command line, or does not serve the graph governor`);
  if (status === 429) return new UsageError(`server ${server}: ${text}; try again ${waitWords(headers)}`);
  const code = headers.get('governor-code') ?? '';
  if (!isReasonCode(code)) return new UsageError(status === 403 ? `server ${server}: ${text}` : text);
  return text.startsWith(`${code}: `) ? new StopError(code, text.slice(code.length + 2)) : new UsageError(text, code);
}

function unknownCaller({ server, tokenFrom, loginCommand }: Refusal, text: string): string {
  if (tokenFrom === 'GOVERNOR_TOKEN') return `server ${server}: does not take the token in GOVERNOR_TOKEN (${text}); set another one`;
  return `server ${server}: ${tokenFrom === undefined ? 'you are not signed in' : 'your sign-in is not taken any more'} (${text}); run: ${loginCommand}`;
}

function unusable(server: string, status: number, headers: Headers, detail: string | undefined): string {
  if (detail !== undefined)
    return `server ${server}: answered ${status}: ${shown(detail)}; try again, and see with governor show what was done`;
  const media = (headers.get('content-type') ?? 'no type').split(';')[0] ?? '';
  return `server ${server}: answered ${status} with ${shown(media).slice(0, 60)}, which is not Governor's: a proxy in between, or another address; see what stands there with curl, and check the URL`;
}

/** How long a server asks to wait, in ms; undefined: it does not say. RFC 9110, 10.2.3: seconds or a date. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const word = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(word)) return Number(word) * 1000;
  const at = Date.parse(word);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

function waitWords(headers: Headers): string {
  const word = headers.get('retry-after')?.trim() ?? '';
  return /^\d{1,9}$/.test(word) ? `in ${word} s` : 'later';
}

/** Why no answer came. `again`: another try may do better. */
export function wayFault(server: string, thrown: unknown): { error: UsageError; again: boolean } {
  const error = toError(thrown);
  const { code } = (error.cause ?? error) as { code?: unknown }; // undici's
  const word = typeof code === 'string' ? code : error.name;
  if (TLS.test(word))
    return {
      error: new UsageError(
        `server ${server}: its certificate cannot be trusted (${word}); give the CA that signed it with NODE_EXTRA_CA_CERTS=<file.pem>, or check the address`,
      ),
      again: false,
    };
  if (word === 'ENOTFOUND')
    return { error: new UsageError(`server ${server}: there is no host of this name; check the URL`), again: false };
  const why = word === 'ECONNREFUSED' ? 'nothing listens there (ECONNREFUSED)' : `the connection failed (${shown(word)})`;
  return { error: new UsageError(`server ${server}: ${why}; start it with governor serve, or check the URL`), again: true };
}
