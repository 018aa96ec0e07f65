/** Programs that run as another user of this machine, which needs root; connections of this test's own user. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Debian's `nobody`. */
export const STRANGER_UID = 65_534;

/** What the script prints, run by another user. @throws Error with what it said when it fails, and where this test is not root. */
export async function asStranger(script: string, uid = STRANGER_UID): Promise<string> {
  if (process.geteuid?.() !== 0) throw new Error('run this test as root: only root can be another user');
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    uid,
    gid: uid,
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told: Buffer[] = [];
  const failed: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => told.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => failed.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null]; // node's event
  if (code !== 0) throw new Error(`the other user's program ended with ${code}: ${Buffer.concat(failed).toString()}`);
  return Buffer.concat(told).toString();
}

/** A TCP server that takes connections one by one and answers nothing. */
export async function acceptor(host: string): Promise<{ port: number; next(): Promise<Socket>; close(): void }> {
  const taken: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    taken.push(socket);
    server.emit('taken');
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's
  return {
    port,
    next: async () => {
      if (taken.length === 0) await once(server, 'taken');
      const socket = taken.shift();
      if (socket === undefined) throw new Error('there is no connection');
      return socket;
    },
    close: () => {
      for (const socket of taken) socket.destroy();
      server.close();
    },
  };
}

export async function connected(port: number, host: string): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}
