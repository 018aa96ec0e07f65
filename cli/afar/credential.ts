/** What a request says of who sends it: `GOVERNOR_TOKEN`, or the sign-in, renewed where its time is over. */
import { UsageError } from '../../domain/errors.ts';
import { type Granted, renewed, type Waiting } from './device-grant.ts';
import type { Credential } from './exchange.ts';
import type { SignIn, SignIns } from './sign-ins.ts';

/** A token that ends in this time is renewed before it is used, in ms. */
const EARLY_MS = 30_000;
const FORM = /^[\x21-\x7e]{1,32768}$/;

export interface CredentialOptions {
  readonly server: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signIns: SignIns;
  readonly time: Pick<Waiting, 'now'>;
  readonly loginCommand: string;
}

/** A token as a header can carry it. @throws UsageError, without the token. */
export function checkedToken(where: string, token: string): string {
  if (FORM.test(token)) return token;
  throw new UsageError(`${where}: is no token: 1 to 32768 printable characters without blanks; it has ${token.length}`);
}

/** @throws UsageError for a token that no header can carry. */
export async function credentialOf(options: CredentialOptions): Promise<Credential> {
  const fixed = options.env['GOVERNOR_TOKEN']?.trim() ?? '';
  if (fixed !== '') return fixedCredential(checkedToken('GOVERNOR_TOKEN', fixed));
  let known = await options.signIns.read(options.server);
  const renew = async (): Promise<string | undefined> => {
    if (known?.kind !== 'oidc' || known.renewal === undefined) return undefined;
    known = await renewal(options, known);
    return known.token;
  };
  return {
    from: known === undefined ? undefined : 'login',
    token: async () => {
      const isOver = known?.kind === 'oidc' && known.expiresAt !== null && known.expiresAt - EARLY_MS <= options.time.now();
      if (!isOver) return known?.token;
      // Without a renewal the server says what it thinks of it.
      return (await renew()) ?? known?.token;
    },
    renewed: renew,
  };
}

const fixedCredential = (token: string): Credential => ({
  from: 'GOVERNOR_TOKEN',
  token: async () => token,
  renewed: async () => undefined,
});

type Oidc = Extract<SignIn, { kind: 'oidc' }>;

/** @throws UsageError where the issuer says that the sign-in has ended. */
function renewal({ server, signIns, time, loginCommand }: CredentialOptions, mine: Oidc): Promise<Oidc> {
  return signIns.alone(server, async () => {
    // Another process may have renewed it meanwhile, and the refresh token that is known here is spent.
    const kept = await signIns.read(server);
    if (kept?.kind === 'oidc' && kept.token !== mine.token) return kept;
    if (mine.renewal === undefined) return mine;
    const granted = await renewed({ issuer: mine.issuer, ...mine.renewal }, time);
    if (granted === 'ended') throw new UsageError(`server ${server}: your sign-in at ${mine.issuer} has ended; run: ${loginCommand}`);
    const signIn = { ...mine, ...tokensOf(granted, mine.renewal) };
    await signIns.write(signIn);
    return signIn;
  });
}

const tokensOf = (
  { token, expiresAt, refreshToken }: Granted,
  old: NonNullable<Oidc['renewal']>,
): Pick<Oidc, 'token' | 'expiresAt' | 'renewal'> => ({
  token,
  expiresAt,
  renewal: refreshToken === undefined ? old : { ...old, refreshToken },
});
