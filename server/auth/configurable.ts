/** What a client may not say in `config.configurable`: who it is, and where the run stands. */

const OWNED = /^(langgraph_auth_.*|__.*|thread_id|run_id|checkpoint_.*)$/;

/** A copy without the members that the server alone sets. */
export function cleanConfigurable(configurable: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(configurable).filter(([name]) => !OWNED.test(name)));
}
