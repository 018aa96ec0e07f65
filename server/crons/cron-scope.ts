/** Which crons a caller may touch: those that the auth handlers of crons let them, and of these whose threads they would see. */
import type { Filters, Scope } from '../../domain/served.ts';
import type { Action } from '../auth/caller.ts';
import type { Call } from '../http/endpoint.ts';

type Did = Extract<Action, 'create' | 'read' | 'update' | 'delete' | 'search'>;

/**
 * A project whose handlers guard threads, and say nothing of crons, guards what crons put all the same. Both handlers may write into
 * `value.metadata`. @throws Problem 403.
 */
export async function cronScope(call: Call, action: Did, value: Record<string, unknown>): Promise<Scope> {
  const own = await call.allowed('crons', action, value);
  const { filters } = await call.allowed('threads', action === 'create' ? 'create_run' : action, value);
  return { ...own, filters: both(own.filters, filters) };
}

function both(first: Filters | undefined, second: Filters | undefined): Filters | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const shared = Object.keys(first).filter(
    (name) => Object.hasOwn(second, name) && JSON.stringify(first[name]) !== JSON.stringify(second[name]),
  );
  // Two rules for one member: one row rarely follows both, and this one is asked for none.
  return { ...first, ...second, ...Object.fromEntries(shared.map((name) => [name, {}])) };
}
