/** Who calls: a person with roles, in a tenant, and what a custom auth handler says about each thing they touch. */
import type { Person } from '../../domain/policy.ts';
import { DEFAULT_TENANT, type Filters } from '../../domain/served.ts';
import { Problem } from '../http/problem.ts';

/** What a route needs. `edit`: state, goto, update, forks of governed threads; `admin`: keys and other tenants' matters. */
export type Permission = 'public' | 'read' | 'run' | 'decide' | 'edit' | 'admin';

export type Resource = 'assistants' | 'threads' | 'store' | 'crons';
export type Action = 'create' | 'read' | 'update' | 'delete' | 'search' | 'create_run' | 'put' | 'get' | 'list_namespaces';

export interface Caller {
  readonly person: Person;
  readonly tenant: string;
  /** Graphs that may be used; undefined: all. */
  readonly graphs?: readonly string[] | undefined;
  /**
   * Asks the custom auth handler, if there is one; it may change `value` (stamp an owner into its metadata).
   * @throws Problem 403 when it refuses.
   */
  authorize(resource: Resource, action: Action, value: Record<string, unknown>): Promise<Filters | undefined>;
  /** What the graph finds under `configurable.langgraph_auth_user`; undefined without custom auth. */
  readonly user?: Readonly<Record<string, unknown>> | undefined;
  /** Of whoever came with a key: which one. */
  readonly keyId?: string | undefined;
}

const ROLES: Record<Exclude<Permission, 'public'>, readonly string[]> = {
  read: ['viewer', 'operator', 'approver', 'admin'],
  run: ['operator', 'admin'],
  // Who may decide at which gate is the gate's own rule.
  decide: ['operator', 'approver', 'admin'],
  edit: ['admin'],
  admin: ['admin'],
};

export function may(caller: Caller, permission: Permission): boolean {
  return permission === 'public' || caller.person.roles.some((role) => ROLES[permission].includes(role));
}

/** @throws Problem 403 naming the caller, the roles that would do, and the caller's own. */
export function assertMay(caller: Caller, permission: Permission): void {
  if (permission === 'public' || may(caller, permission)) return;
  throw new Problem(
    403,
    `${caller.person.id} has ${caller.person.roles.join(', ') || 'no role'}; this needs one of ${ROLES[permission].join(', ')}`,
  );
}

/** For what tells of all tenants together. @throws Problem 403. */
export function assertDefaultTenant(caller: Caller): void {
  if (caller.tenant !== DEFAULT_TENANT)
    throw new Problem(
      403,
      `${caller.person.id} is of tenant ${caller.tenant}; this tells of all tenants, and is for ${DEFAULT_TENANT} alone`,
    );
}
