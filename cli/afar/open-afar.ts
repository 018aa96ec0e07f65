/** Which server a command line means, and how its person is known there. */
import { UsageError } from '../../domain/errors.ts';
import type { CommonFlags } from '../io.ts';
import type { Runs } from '../runs.ts';
import { credentialOf } from './credential.ts';
import { type GivenFlags, pastedAfar } from './printed-commands.ts';
import { openServerRuns } from './server-runs.ts';
import { serverUrl } from './server-url.ts';
import { openSignIns } from './sign-ins.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A server as it was named. */
export interface NamedServer {
  readonly server: string;
  readonly given: GivenFlags;
  readonly loginCommand: string;
}

/** True where a server is meant, and no home. A flag goes before the environment. */
export const isAfar = (flags: CommonFlags, env: Env): boolean =>
  flags.server !== undefined || (flags.home === undefined && (env['GOVERNOR_SERVER'] ?? '') !== '');

/** @throws UsageError for a home and a server at once, and for an address that cannot be used. */
export function namedServer(flags: CommonFlags, env: Env): NamedServer {
  if (flags.server !== undefined && flags.home !== undefined) throw new UsageError('--server and --home: give one of them');
  const fromFlag = flags.server !== undefined;
  const byFlag = flags.insecureHttp === true;
  const server = serverUrl({
    url: flags.server ?? env['GOVERNOR_SERVER'] ?? '',
    from: fromFlag ? '--server' : 'GOVERNOR_SERVER',
    insecure: byFlag || env['GOVERNOR_INSECURE_HTTP'] === '1',
  });
  if (server.startsWith('https:') && env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
    throw new UsageError(
      `server ${server}: NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody on the way be the server; unset it, and give its CA with NODE_EXTRA_CA_CERTS=<file.pem>`,
    );
  const given = { server: fromFlag ? server : undefined, insecure: byFlag };
  return { server, given, loginCommand: pastedAfar('governor login', given) };
}

/** @throws UsageError also where no Governor answers there. */
export async function openAfar(flags: CommonFlags, env: Env): Promise<Runs> {
  if (flags.config !== undefined)
    throw new UsageError('--config: a server takes the governor.yaml of the base; leave it out, or run in the home of the server');
  const named = namedServer(flags, env);
  const credential = await credentialOf({ ...named, env, signIns: openSignIns(env), time: { now: () => Date.now() } });
  return openServerRuns({ ...named, credential });
}
