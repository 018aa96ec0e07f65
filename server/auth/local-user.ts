/** The user of the operating system that runs a server without a key: who of this machine is that user, and who is not. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../domain/ports.ts';
import type { Server } from '../context.ts';
import { Problem } from '../http/problem.ts';
import { bearerIn } from './keys.ts';
import { localToken, TOKEN_FILE } from './local-token.ts';
import { holderOf, type Peer } from './peer.ts';
import { openSocketTable, type SocketTable } from './socket-table.ts';

export interface LocalUser {
  /** Begins to find out who holds the other end, as soon as there is a connection. */
  watch(peer: Peer): void;
  /** Why this is not the own user's: 403 for another user, 401 where a token is missing; each names the rule and the mend. */
  refusal(request: Request, peer: Peer): Promise<Problem | undefined>;
  /** Puts a refusal into the log; at most one line in ten seconds, with the number of those since the last. */
  tell(request: Request, refusal: Problem): void;
  /** Undefined where the kernel says who connects. */
  readonly token: string | undefined;
}

type Known = Omit<LocalUser, 'tell'>;

export interface LocalUserOptions {
  readonly home: string;
  readonly clock: Clock;
  readonly log: Server['log'];
  /** Tells who holds the other end. Default: the kernel's table, where it can be read. */
  readonly findTable?: (() => Promise<SocketTable | undefined>) | undefined;
  /** Default: of this process. */
  readonly ownUid?: number | undefined;
}

/** At most one line of the log in so many ms tells of refusals, however many there are. */
const TOLD_MS = 10_000;
const MEND = 'make a key with governor keys create and send it as x-api-key';

/** By the kernel where it tells, else by a token. @throws UsageError when the file of the token is not private. */
export async function openLocalUser(options: LocalUserOptions): Promise<LocalUser> {
  const { findTable = openSocketTable, ownUid = process.geteuid?.() } = options;
  const table = ownUid === undefined ? undefined : await findTable();
  const known = table === undefined || ownUid === undefined ? byToken(localToken(options.home)) : byUid(table, ownUid);
  return { ...known, tell: teller(options) };
}

/** A connection is looked up once; its requests wait for that one answer. */
function byUid(table: SocketTable, ownUid: number): Known {
  const owners = new WeakMap<Peer, Promise<number | undefined>>(); // Node's own sockets, gone with them
  const ownerOf = (peer: Peer): Promise<number | undefined> => {
    const known = owners.get(peer) ?? holderOf(table, peer);
    owners.set(peer, known);
    return known;
  };
  return {
    token: undefined,
    watch: (peer) => void ownerOf(peer), // it never rejects
    refusal: async (_request, peer) => {
      const uid = await ownerOf(peer);
      const rule = `a server without a key answers only its own user, uid ${ownUid}`;
      return uid === ownUid ? undefined : new Problem(403, `${whose(uid)}; ${rule}: run the client as that user, or ${MEND}`);
    },
  };
}

function whose(uid: number | undefined): string {
  if (uid === undefined)
    return 'the kernel shows nobody who holds the other end of this connection (closed, redirected, or of another network namespace)';
  return uid === OVERFLOW_UID
    ? `this connection is of uid ${uid}, which is nobody or a user of another user namespace (a container)`
    : `this connection is of uid ${uid}`;
}

/** Linux: proc_sys_kernel(5), overflowuid. */
const OVERFLOW_UID = 65_534;

function byToken(token: string): Known {
  const expected = digest(token);
  return {
    token,
    watch: () => undefined,
    refusal: async (request) => {
      const given = [request.headers.get('x-api-key')?.trim(), bearerIn(request.headers)];
      const good = given.some((word) => word !== undefined && timingSafeEqual(digest(word), expected));
      return good ? undefined : new Problem(401, WANTED, { 'www-authenticate': 'Bearer' });
    },
  };
}

const WANTED = `this system does not say who connects, so a server without a key asks its own user for a token: open the link that governor serve printed, send what stands in ${TOKEN_FILE} of its home as x-api-key, or ${MEND}`;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function teller({ clock, log }: LocalUserOptions): LocalUser['tell'] {
  let toldAt = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (request, refusal) => {
    untold += 1;
    if (clock.monotonic() - toldAt < TOLD_MS) return;
    const path = new URL(request.url).pathname.slice(0, 200);
    log('warn', `refused ${request.method} ${path}: ${refusal.message}`, { status: refusal.status, refusals: untold });
    toldAt = clock.monotonic();
    untold = 0;
  };
}
