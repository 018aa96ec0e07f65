/** Which user holds the other end of a TCP connection of this machine, by the kernel's own table (Linux, proc_net(5)). */
import { closeSync, openSync, readv } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { promisify } from 'node:util';

/** The two ends of a connection as a socket names them: an address and a port each. */
export interface Ends {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export interface SocketTable {
  /** The uid of the user whose socket is the remote end; undefined: no socket is there, or nobody holds it any more. Never throws. */
  holderOf(ends: Ends): Promise<number | undefined>;
}

interface Row {
  readonly uid: number;
  /** 0: no process holds the socket. */
  readonly inode: number;
}

interface Asked {
  readonly keys: readonly string[];
  readonly answer: (uid: number | undefined) => void;
}

const IPV4 = '/proc/net/tcp';
const IPV6 = '/proc/net/tcp6';
/** A row can be missed while others come and go, since the table is read in pieces. */
const READINGS = 3;
/** ESTABLISHED, and FIN_WAIT1 and 2: it has sent all that it will and still listens. Not SYN_SENT: that is a connection still to come. */
const STATES: readonly string[] = ['01', '04', '05'];
const ROW = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+ +(\d+) +\d+ (\d+) /;
// The kernel fills a short buffer to its end, a long one by a page: many short ones are one call instead of one for each 27 rows.
const PIECE_BYTES = 2048;
const PIECES = 128;
/** A line of IPv6 is under 200. */
const LINE_BYTES = 1024;
const FEW = 16;
const read = promisify(readv);

/** Undefined where the table cannot be read, or cannot tell this process's user from those of other user namespaces. */
export async function openSocketTable(ownUid = process.geteuid?.()): Promise<SocketTable | undefined> {
  if (process.platform !== 'linux' || ownUid === undefined) return undefined;
  try {
    const overflow = Number(await readFile('/proc/sys/kernel/overflowuid', 'latin1'));
    if (ownUid === overflow && !(await knowsEveryUser())) return undefined;
    const table = await readFile(IPV4, 'latin1');
    return / uid +timeout inode/.test(table) ? createSocketTable() : undefined;
  } catch {
    return undefined;
  }
}

/** True in the first user namespace: no uid is shown as the overflow uid but its own. */
async function knowsEveryUser(): Promise<boolean> {
  return /^\s*0\s+0\s+4294967295\s*$/.test(await readFile('/proc/self/uid_map', 'latin1'));
}

/** Connections that come while the table is read share the next reading, however many they are. */
export function createSocketTable(files: { readonly ipv4: string; readonly ipv6: string } = { ipv4: IPV4, ipv6: IPV6 }): SocketTable {
  let waiting: Asked[] = [];
  let reading = false;

  async function work(): Promise<void> {
    reading = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const found = await holders(batch, files).catch(() => new Map<Asked, number>());
      for (const asked of batch) asked.answer(found.get(asked));
    }
    reading = false;
  }

  return {
    holderOf: (ends) =>
      new Promise((answer) => {
        waiting.push({ keys: keysOf(ends), answer });
        if (!reading) void work(); // it catches what reading throws
      }),
  };
}

/**
 * A socket that its process has closed may still be shown, with uid 0 and inode 0; the two are not read at one moment. So uid 0 counts only
 * where a later reading shows that the same socket is still held.
 */
async function holders(batch: readonly Asked[], files: { readonly ipv4: string; readonly ipv6: string }): Promise<Map<Asked, number>> {
  const rows = await rowsOf(batch, files);
  const held = [...rows].filter(([, row]) => row.inode !== 0);
  const roots = held.filter(([, row]) => row.uid === 0).map(([asked]) => asked);
  const again = roots.length === 0 ? new Map<Asked, Row>() : await rowsOf(roots, files);
  return new Map(
    held.filter(([asked, row]) => row.uid !== 0 || again.get(asked)?.inode === row.inode).map(([asked, row]) => [asked, row.uid]),
  );
}

async function rowsOf(batch: readonly Asked[], files: { readonly ipv4: string; readonly ipv6: string }): Promise<Map<Asked, Row>> {
  const found = new Map<Asked, Row>();
  for (let readings = 0; readings < READINGS && found.size < batch.length; readings += 1)
    for (const file of [files.ipv4, files.ipv6]) {
      const wanted = new Map(batch.filter((asked) => !found.has(asked)).flatMap((asked) => asked.keys.map((key) => [key, asked] as const)));
      const here = [...wanted.keys()].some((key) => isIpv6Key(key) === (file === files.ipv6));
      if (here) await readRows(file, wanted, found);
    }
  return found;
}

/** Stops early when every wanted row was seen. */
async function readRows(file: string, wanted: ReadonlyMap<string, Asked>, found: Map<Asked, Row>): Promise<void> {
  const left = new Set(wanted.values());
  for await (const part of wholeLines(file))
    for (const line of candidates(part, wanted)) {
      const [, key = '', state = '', uid, inode] = ROW.exec(line) ?? [];
      const asked = wanted.get(key);
      if (asked === undefined || !STATES.includes(state)) continue;
      found.set(asked, { uid: Number(uid), inode: Number(inode) });
      left.delete(asked);
      if (left.size === 0) return;
    }
}

/** The lines that may be wanted: a search for each of a few is much quicker than taking thousands of lines apart. */
function* candidates(part: Buffer, wanted: ReadonlyMap<string, Asked>): Generator<string> {
  if (wanted.size > FEW) return yield* part.toString('latin1').split('\n');
  for (const key of wanted.keys())
    for (let at = part.indexOf(key, 0, 'latin1'); at >= 0; at = part.indexOf(key, at + 1, 'latin1'))
      yield part.toString('latin1', part.lastIndexOf('\n', at) + 1, part.indexOf('\n', at));
}

/** The file in parts that end with a line's end; each is good until the next is asked for. */
async function* wholeLines(file: string): AsyncGenerator<Buffer> {
  const descriptor = openSync(file, 'r');
  try {
    // What is left of a line stands before what is read next.
    const whole = Buffer.allocUnsafe(LINE_BYTES + PIECE_BYTES * PIECES);
    const pieces = Array.from({ length: PIECES }, (_, at) =>
      whole.subarray(LINE_BYTES + at * PIECE_BYTES, LINE_BYTES + (at + 1) * PIECE_BYTES),
    );
    let start = LINE_BYTES;
    for (;;) {
      const { bytesRead } = await read(descriptor, pieces);
      if (bytesRead === 0) return;
      const filled = whole.subarray(start, LINE_BYTES + bytesRead);
      const lines = filled.subarray(0, filled.lastIndexOf('\n') + 1);
      yield lines;
      const rest = filled.subarray(lines.length);
      if (rest.length > LINE_BYTES) throw new Error(`${file}: has a line of more than ${LINE_BYTES} bytes`);
      start = LINE_BYTES - rest.length;
      rest.copy(whole, start);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** How the other end's row names the connection: its own end first. A peer that speaks IPv4 may have a socket of IPv6. */
function keysOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): string[] {
  const [peer, own] = [bytesOf(remoteAddress), bytesOf(localAddress)];
  const key = (form: (bytes: readonly number[]) => readonly number[]): string =>
    `${words(form(peer))}:${hex(remotePort, 4)} ${words(form(own))}:${hex(localPort, 4)}`;
  return peer.length === 4 ? [key((bytes) => bytes), key((bytes) => [...MAPPED, ...bytes])] : [key((bytes) => bytes)];
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
const isIpv6Key = (key: string): boolean => key.indexOf(':') === 32;
const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');

/** 4 bytes, also of an IPv4 address in IPv6's form, or 16. A zone (`%lo`) is no part of it. */
function bytesOf(address: string): number[] {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain.split('.').map(Number);
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const all = tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return all.flatMap((group) => [group >> 8, group & 255]);
}

/** The table prints each four bytes as a number of the machine's own byte order. */
function words(bytes: readonly number[]): string {
  const order = endianness();
  return Array.from({ length: bytes.length / 4 }, (_, at) => {
    const four = bytes.slice(at * 4, at * 4 + 4);
    return (order === 'LE' ? four.toReversed() : four).map((byte) => hex(byte, 2)).join('');
  }).join('');
}
