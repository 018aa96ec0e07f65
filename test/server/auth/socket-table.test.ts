/** Who holds the other end of a connection: real sockets of IPv4 and IPv6, and tables as they look while a socket dies. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { holderOf } from '../../../server/auth/peer.ts';
import { createSocketTable, openSocketTable } from '../../../server/auth/socket-table.ts';
import { acceptor, connected } from './stranger.ts';

const OWN = process.geteuid?.() ?? -1;

describe('a real connection', () => {
  const table = createSocketTable();
  test.each([
    ['IPv4', '127.0.0.1', '127.0.0.1'],
    ['another loopback address', '127.8.9.10', '127.8.9.10'],
    ['IPv6', '::1', '::1'],
    ['IPv4 from a socket of IPv6', '127.0.0.1', '::ffff:127.0.0.1'],
    ['IPv4 to a socket of IPv6', '::', '127.0.0.1'],
  ])('by %s is of the user that opened it', async (_, host, asked) => {
    const server = await acceptor(host);
    const client = await connected(server.port, asked);
    const taken = await server.next();
    expect(await holderOf(table, taken)).toBe(OWN);
    client.destroy();
    taken.destroy();
    server.close();
  });

  it('whose client has sent all and still listens is of that client', async () => {
    const server = await acceptor('127.0.0.1');
    const client = await connected(server.port, '127.0.0.1');
    const taken = await server.next();
    await new Promise<void>((sent) => client.end(sent));
    expect(await holderOf(table, taken)).toBe(OWN);
    client.destroy();
    taken.destroy();
    server.close();
  });

  it('that was closed or reset is nobody’s', async () => {
    const server = await acceptor('127.0.0.1');
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const client = await connected(server.port, '127.0.0.1');
      client.write('GET / HTTP/1.1\r\n\r\n');
      const taken = await server.next();
      const gone = new Promise((closed) => client.once('close', closed));
      client[leave]();
      await gone;
      expect(await holderOf(table, taken), leave).toBeUndefined();
      taken.destroy();
    }
    server.close();
  });

  it('that was reset is not taken for the next one that has its port', async () => {
    const server = await acceptor('127.0.0.1');
    const client = await connected(server.port, '127.0.0.1');
    const taken = await server.next();
    const stranger = { holderOf: async () => OWN };
    expect(await holderOf(stranger, taken)).toBe(OWN);
    const gone = new Promise((closed) => client.once('close', closed));
    client.resetAndDestroy();
    await gone;
    expect(await holderOf(stranger, taken)).toBeUndefined();
    taken.destroy();
    server.close();
  });

  it('is found among many that come at once', async () => {
    const server = await acceptor('127.0.0.1');
    const clients = await Promise.all(Array.from({ length: 200 }, () => connected(server.port, '127.0.0.1')));
    const taken = [];
    for (const _ of clients) taken.push(await server.next());
    expect(new Set(await Promise.all(taken.map((socket) => holderOf(table, socket))))).toEqual(new Set([OWN]));
    for (const socket of [...clients, ...taken]) socket.destroy();
    server.close();
  });
});

describe('a table', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'governor-table-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const LOCAL = endianness() === 'LE' ? '0100007F' : '7F000001';
  const row = (state: string, uid: number, inode: number, ends = `${LOCAL}:9C40 ${LOCAL}:07E8`): string =>
    `   1: ${ends} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0000000000000000 20 4 30 10 -1`;
  const ENDS = { remoteAddress: '127.0.0.1', remotePort: 40_000, localAddress: '127.0.0.1', localPort: 2024 };

  async function holderIn(rows: readonly string[]): Promise<number | undefined> {
    const file = join(folder, 'tcp');
    writeFileSync(file, `${[HEAD, ...rows].join('\n')}\n`);
    return createSocketTable({ ipv4: file, ipv6: join(folder, 'none') }).holderOf(ENDS);
  }

  test.each([
    ['established', row('01', 1000, 77), 1000],
    ['established, of root', row('01', 0, 77), 0],
    ['half closed and held', row('05', 1000, 77), 1000],
    ['closed, which shows as root’s', row('05', 0, 0), undefined],
    ['closed while it was read: still established, nobody holds it', row('01', 0, 0), undefined],
    ['waiting out its time', row('06', 0, 0), undefined],
    ['a connection still to come from the same port', row('02', 1000, 77), undefined],
    ['our own end of it', row('01', 1000, 77, `${LOCAL}:07E8 ${LOCAL}:9C40`), undefined],
    ['of another port', row('01', 1000, 77, `${LOCAL}:9C41 ${LOCAL}:07E8`), undefined],
  ])('says of a socket that is %s who holds it', async (_, line, uid) => {
    expect(await holderIn([row('01', 1, 2, `${LOCAL}:0001 ${LOCAL}:07E8`), line])).toBe(uid);
  });

  it('of more rows than one reading takes is read to its end', async () => {
    const others = Array.from({ length: 5000 }, (_, at) =>
      row('01', 1, at + 1, `${LOCAL}:${(at + 1).toString(16).toUpperCase().padStart(4, '0')} ${LOCAL}:0050`),
    );
    expect(await holderIn([...others, row('01', 1000, 77)])).toBe(1000);
  });

  it('that cannot be read tells nothing, and does not fail', async () => {
    expect(await createSocketTable({ ipv4: join(folder, 'none'), ipv6: join(folder, 'none') }).holderOf(ENDS)).toBeUndefined();
  });

  it('is there on Linux', async () => {
    expect((await openSocketTable()) !== undefined).toBe(process.platform === 'linux');
  });
});
