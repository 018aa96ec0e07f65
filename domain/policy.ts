/** Decisions over people: what a gate needs, and whether a person may give it. */
import type { PersonRole } from './access.ts';

/** What a gate needs. */
export interface Requirement {
  readonly role: PersonRole;
  readonly min: number;
  readonly notStarter: boolean;
}

/** A person with the roles the operator gave them. */
export interface Person {
  /** The principal, such as `local:ada`. */
  readonly id: string;
  readonly roles: readonly PersonRole[];
  /** How they were known: `local`, `key`, `jwt`. */
  readonly method: string;
  /** True for the single local operator without an `operator.yaml`: may approve own runs, on the record. */
  readonly alone: boolean;
}

/** Two identities are one person only where the operator says so (`aliases`: identity -> person); else each is somebody else. */
export function canonicalPerson(person: Person, aliases: Readonly<Record<string, string>> | undefined): Person {
  const id = aliases !== undefined && Object.hasOwn(aliases, person.id) ? aliases[person.id] : undefined;
  return id === undefined ? person : { ...person, id };
}

export type Decision = { readonly kind: 'allow' } | { readonly kind: 'deny'; readonly reason: string };

/** The strictest of several requirements: the largest `min`, `notStarter` if any. Roles must agree or `admin` is needed. */
export function strictest(requirements: readonly Requirement[]): Requirement {
  let role: PersonRole = 'approver';
  let min = 1;
  let notStarter = false;
  for (const [index, requirement] of requirements.entries()) {
    if (index === 0) role = requirement.role;
    else if (requirement.role !== role) role = 'admin';
    min = Math.max(min, requirement.min);
    notStarter ||= requirement.notStarter;
  }
  return { role, min, notStarter };
}

/**
 * May this person decide here? Where `notStarter` holds, its authors may not: who started the run and who edited its plan or state;
 * unless alone (recorded as self-approved).
 */
export function mayDecide(person: Person, requirement: Requirement, authors: readonly string[]): Decision {
  if (!person.roles.includes(requirement.role))
    return { kind: 'deny', reason: `role "${requirement.role}" is needed; ${person.id} has ${person.roles.join(', ') || 'none'}` };
  if (requirement.notStarter && authors.includes(person.id) && !person.alone)
    return { kind: 'deny', reason: `${person.id} started this run or edited its plan or state, and may not approve it` };
  return { kind: 'allow' };
}
