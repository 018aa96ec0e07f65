/** `governor login` and `governor logout`: a key or a token for one server, tried there before it is kept. */
import { visible } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';
import { jsonOf, readersOf } from '../afar/answers.ts';
import { checkedToken } from '../afar/credential.ts';
import { type DeviceClient, deviceGrant, type Waiting } from '../afar/device-grant.ts';
import { type Credential, openExchange, pause } from '../afar/exchange.ts';
import { shown } from '../afar/faults.ts';
import { discover, isHere, isSafe, postForm } from '../afar/issuer.ts';
import { isAfar, type NamedServer, namedServer } from '../afar/open-afar.ts';
import { greet } from '../afar/server-runs.ts';
import { openSignIns, type SignIn } from '../afar/sign-ins.ts';
import { secretFrom } from '../ask.ts';
import type { CommonFlags, Io } from '../io.ts';

export interface LoginFlags extends CommonFlags {
  readonly key?: boolean;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly scope?: string;
  readonly audience?: string;
}

const TIME: Waiting = { now: () => Date.now(), wait: (ms) => pause(ms) };
const SCOPE = 'openid offline_access';

/** @throws UsageError where no server is named, or it does not take what was given. */
export async function loginCommand(io: Io, flags: LoginFlags): Promise<number> {
  const named = serverOf(io, flags, 'login');
  const { login } = await greet({ ...named, credential: known(undefined) });
  const oidc = flags.key === true ? undefined : (issuerOf(flags) ?? fromServer(named.server, flags, login));
  const signIn = oidc === undefined ? await byKey(io, named) : await byDevice(io, named, oidc);
  // Whatever the server does not take is not kept.
  const exchange = openExchange({ ...named, credential: known(signIn.token) });
  const me = readersOf(named.server).me(jsonOf(named.server, await exchange.get('/governor/me')));
  const kept = await openSignIns(io.env).write(signIn);
  const { id, roles, tenant } = me;
  if (flags.json === true) io.stdout(`${JSON.stringify({ server: named.server, id, roles, tenant, kept })}\n`);
  else
    io.stdout(`${shown(`signed in at ${named.server} as ${id} (${roles.join(', ') || 'no role'}), tenant ${tenant}; kept in ${kept}`)}\n`);
  if ((io.env['GOVERNOR_TOKEN'] ?? '') !== '') io.stderr('GOVERNOR_TOKEN is set, and goes before this sign-in\n');
  return 0;
}

const known = (token: string | undefined): Credential => ({
  from: token === undefined ? undefined : 'login',
  token: async () => token,
  renewed: async () => undefined,
});

function serverOf(io: Io, flags: CommonFlags, command: string): NamedServer {
  if (!isAfar(flags, io.env)) throw new UsageError(`${command}: which server? give --server <url>, or set GOVERNOR_SERVER`);
  return namedServer(flags, io.env);
}

interface Oidc extends DeviceClient {
  readonly issuer: string;
}

/** @throws UsageError where only a part is given. */
function issuerOf({ issuer, clientId, scope, audience }: LoginFlags): Oidc | undefined {
  if (issuer === undefined && clientId === undefined) return undefined;
  if (issuer === undefined || clientId === undefined)
    throw new UsageError(`login: --issuer and --client-id go together; ${issuer === undefined ? '--issuer' : '--client-id'} is missing`);
  return { issuer, clientId, scope: scope ?? SCOPE, audience };
}

type Login = Awaited<ReturnType<typeof greet>>['login'];

/** @throws UsageError for an issuer on this machine, where the server is elsewhere: it would have this machine ask its own services. */
function fromServer(server: string, flags: LoginFlags, login: Login): Oidc | undefined {
  if (login === undefined) return undefined;
  if (isSafe(login.issuer) && isHere(login.issuer) && !isHere(server))
    throw new UsageError(
      `server ${server}: names the issuer ${login.issuer}, on this machine, and is not on it; if that is meant, give --issuer and --client-id`,
    );
  return { issuer: login.issuer, clientId: login.client_id, scope: flags.scope ?? login.scope, audience: flags.audience ?? login.audience };
}

async function byKey(io: Io, { server }: NamedServer): Promise<SignIn> {
  const token = (await (io.secret ?? secretFrom(process.stdin))(`key for ${server}: `)).trim();
  return { kind: 'key', server, token: checkedToken('login: what was given', token) };
}

async function byDevice(io: Io, { server }: NamedServer, oidc: Oidc): Promise<SignIn> {
  const { issuer: name, clientId } = oidc;
  io.stderr(visible(`${server} takes tokens of ${name}; what you confirm there lets this machine act in your name at ${server}\n`));
  const issuer = await discover(name);
  const granted = await deviceGrant(issuer, oidc, { time: TIME, say: (line) => io.stderr(`${line}\n`) });
  const { tokenEndpoint, revocationEndpoint } = issuer;
  const { refreshToken } = granted;
  const more = revocationEndpoint === undefined ? {} : { revocationEndpoint };
  return {
    kind: 'oidc',
    server,
    issuer: name,
    token: granted.token,
    expiresAt: granted.expiresAt,
    ...(refreshToken === undefined ? {} : { renewal: { refreshToken, tokenEndpoint, clientId, ...more } }),
  };
}

/** Also where the issuer cannot be told any more. */
export async function logoutCommand(io: Io, flags: CommonFlags): Promise<number> {
  const { server } = serverOf(io, flags, 'logout');
  const signIns = openSignIns(io.env);
  const signIn = await signIns.read(server).catch(() => undefined);
  await signIns.remove(server);
  if (signIn?.kind === 'oidc') await revoked(io, signIn);
  io.stdout(flags.json === true ? `${JSON.stringify({ server, signed_in: false })}\n` : `signed out at ${server}\n`);
  if (signIn?.kind === 'key') io.stderr('the key itself stays good; who made it can end it with: governor keys revoke\n');
  return 0;
}

/** RFC 7009. */
async function revoked(io: Io, { issuer, renewal }: Extract<SignIn, { kind: 'oidc' }>): Promise<void> {
  if (renewal?.revocationEndpoint === undefined) return;
  const { refreshToken, clientId, revocationEndpoint } = renewal;
  const form = { token: refreshToken, token_type_hint: 'refresh_token', client_id: clientId };
  const answer = await postForm(issuer, revocationEndpoint, form).catch(() => undefined);
  if (answer?.status !== 200) io.stderr(`${issuer} could not be told; end the session there as well\n`);
}
