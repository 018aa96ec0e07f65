/** A server for routes that use a part of one. */
import type { Server } from '../../server/context.ts';
import { only } from './only.ts';

/** No environment, no project's own routes, and nobody to tell. */
export function fakeServer(
  given: Partial<Omit<Server, 'runtime' | 'served' | 'limits'>> & {
    readonly runtime?: Partial<Server['runtime']>;
    readonly served?: Partial<Server['served']>;
    readonly limits?: Partial<Server['limits']>;
  } = {},
): Server {
  const { runtime = {}, served = {}, limits = {}, ...more } = given;
  return only<Server>('server', {
    runtime: only<Server['runtime']>('server.runtime', runtime),
    served: only<Server['served']>('server.served', served),
    limits: only<Server['limits']>('server.limits', limits),
    customApp: undefined,
    env: {},
    log: () => undefined,
    ...more,
  });
}
