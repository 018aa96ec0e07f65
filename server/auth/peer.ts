/** The other end of a connection, and which user holds it. */
import type { Socket } from 'node:net';
import type { SocketTable } from './socket-table.ts';

/** A connection as Node's HTTP server has it. */
export type Peer = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

/** The uid; undefined where nobody holds it, or nobody can tell. Never throws. */
export async function holderOf(table: SocketTable, peer: Peer): Promise<number | undefined> {
  const { remoteAddress, remotePort, localAddress, localPort } = peer;
  if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined || localPort === undefined) return undefined;
  const uid = await table.holderOf({ remoteAddress, remotePort, localAddress, localPort });
  // While ours is connected nobody else can have taken the other end's port; after that the row may be a stranger's.
  return isConnected(peer) ? uid : undefined;
}

/** Asked of the kernel: what Node remembers outlives the connection. */
function isConnected(peer: Peer): boolean {
  const { _handle: handle } = peer as { _handle?: { getpeername?: (out: object) => number } | null }; // Node's socket; no public way asks anew
  return typeof handle?.getpeername === 'function' && handle.getpeername({}) === 0;
}
