/** `governor keys`: makes, lists and revokes the API keys of a home; the key itself is printed once and kept nowhere. */
import { PERSON_ROLES, type PersonRole, visible } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';
import type { KeyRow } from '../../domain/keys.ts';
import { DEFAULT_TENANT, ServedError } from '../../domain/served.ts';
import { openRuntime, type Runtime } from '../../runtime/runtime.ts';
import { newKey } from '../../server/auth/keys.ts';
import type { CommonFlags, Io } from '../io.ts';
import { durationFlag } from './home.ts';

export interface CreateFlags extends CommonFlags {
  readonly name: string;
  readonly role: readonly string[];
  readonly tenant?: string;
  readonly owner?: string;
  readonly graph?: readonly string[];
  readonly expires: string;
}

export async function createKey(io: Io, flags: CreateFlags): Promise<number> {
  return withKeys(io, flags, async (runtime) => {
    const expiresMs = flags.expires === 'never' ? null : runtime.clock.now() + durationFlag('--expires', flags.expires);
    const fields = {
      name: word('--name', flags.name, /^[^\p{C}]{1,100}$/u, 'is 1 to 100 visible characters'),
      tenant: word('--tenant', flags.tenant ?? DEFAULT_TENANT, /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/, 'is letters, digits and . _ : / -'),
      owner: word('--owner', flags.owner ?? runtime.person.id, /^[^\s\p{C}]{1,300}$/u, 'is a principal such as local:ada, without spaces'),
      roles: [...new Set(flags.role.map(roleOf))],
      graphs: flags.graph?.map((id) => word('--graph', id, /^[^\p{C}]{1,200}$/u, 'is the name of a graph')) ?? null,
      expiresAt: expiresMs === null ? null : new Date(expiresMs).toISOString(),
    };
    const { id, hash, key } = newKey();
    await record(runtime, 'key-create', { key: id, ...fields });
    const row = await runtime.stores.served.keys.create({ id, hash, ...fields });
    if (flags.json === true) io.stdout(`${JSON.stringify({ key, ...shown(row, runtime) })}\n`);
    else {
      io.stdout(`${key}\n`);
      if (flags.quiet !== true) io.stderr(`${line(row, runtime)}\nthis key is shown once; revoke it with: governor keys revoke ${id}\n`);
    }
  });
}

export async function listKeys(io: Io, flags: CommonFlags): Promise<number> {
  return withKeys(io, flags, async (runtime) => {
    const rows = await runtime.stores.served.keys.list();
    if (flags.json === true) io.stdout(`${JSON.stringify(rows.map((row) => shown(row, runtime)))}\n`);
    else io.stdout(`${rows.length === 0 ? 'there are no keys' : rows.map((row) => line(row, runtime)).join('\n')}\n`);
  });
}

export async function revokeKey(io: Io, id: string, flags: CommonFlags): Promise<number> {
  return withKeys(io, flags, async (runtime) => {
    await record(runtime, 'key-revoke', { key: visible(id).slice(0, 100) });
    const row = await runtime.stores.served.keys.revoke(id);
    io.stdout(flags.json === true ? `${JSON.stringify(shown(row, runtime))}\n` : `${line(row, runtime)}\n`);
  });
}

/** A key belongs to no thread; the trail is told before anything is done. */
const record = (runtime: Runtime, action: 'key-create' | 'key-revoke', facts: Readonly<Record<string, unknown>>): Promise<void> =>
  runtime.stores.audit.append({ threadId: '-', actor: runtime.person.id, action, facts });

async function withKeys(io: Io, flags: CommonFlags, work: (runtime: Runtime) => Promise<void>): Promise<number> {
  const runtime = await openRuntime({ env: io.env, ...(flags.home === undefined ? {} : { home: flags.home }) });
  try {
    const { id, roles } = runtime.person;
    if (!roles.includes('admin')) throw new UsageError(`keys: role "admin" is needed; ${id} has ${roles.join(', ') || 'none'}`);
    await work(runtime);
    return 0;
  } catch (error) {
    throw error instanceof ServedError ? new UsageError(error.message) : error;
  } finally {
    runtime.stores.close();
  }
}

function word(flag: string, value: string, form: RegExp, rule: string): string {
  if (!form.test(value)) throw new UsageError(`${flag} ${JSON.stringify(value.slice(0, 100))}: ${rule}`);
  return value;
}

function roleOf(value: string): PersonRole {
  const role = PERSON_ROLES.find((known) => known === value);
  if (role === undefined) throw new UsageError(`--role ${JSON.stringify(value)}: is none of ${PERSON_ROLES.join(', ')}`);
  return role;
}

function stateOf(row: KeyRow, runtime: Runtime): 'active' | 'expired' | 'revoked' {
  if (row.revokedAt !== null) return 'revoked';
  return row.expiresAt !== null && Date.parse(row.expiresAt) <= runtime.clock.now() ? 'expired' : 'active';
}

/** All but the hash: even that is nobody's business. */
const shown = (row: KeyRow, runtime: Runtime) => ({
  id: row.id,
  name: row.name,
  state: stateOf(row, runtime),
  tenant: row.tenant,
  owner: row.owner,
  roles: row.roles,
  graphs: row.graphs,
  created_at: row.createdAt,
  expires_at: row.expiresAt,
  revoked_at: row.revokedAt,
});

const line = (row: KeyRow, runtime: Runtime): string =>
  visible(
    `${row.id}  ${stateOf(row, runtime).padEnd(7)}  ${row.name}  owner ${row.owner}  roles ${row.roles.join(',')}  tenant ${row.tenant}  graphs ${row.graphs?.join(',') ?? 'all'}  expires ${row.expiresAt ?? 'never'}`,
  );
