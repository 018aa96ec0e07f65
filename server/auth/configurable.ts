/** What a client may not say in `config.configurable`: who it is, and where the run stands. */
import type { Person } from '../../domain/policy.ts';

const OWNED = /^(langgraph_auth_.*|__.*|thread_id|run_id|checkpoint_.*)$/;

/** A copy without the members that the server alone sets. */
export function cleanConfigurable(configurable: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(configurable).filter(([name]) => !OWNED.test(name)));
}

/** What a caller may say itself: whoever came with a credential is who that says; the local operator may speak for others. */
export function wordsOf(person: Person, configurable: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { user_id: userId, ...rest } = cleanConfigurable(configurable);
  return person.method === 'local' && userId !== undefined ? { ...rest, user_id: userId } : rest;
}
