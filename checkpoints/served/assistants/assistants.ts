/** Assistants: a graph with its settings, in versions; the system's own are made from the graphs that are served. */
import type { Clock } from '../../../domain/ports.ts';
import type { Assistants } from '../../../domain/served.ts';
import type { Sql } from '../../sql/transaction.ts';
import { findAssistant } from './assistant-row.ts';
import { listVersions, setLatest } from './assistant-versions.ts';
import { createAssistant, deleteAssistant, patchAssistant } from './change-assistant.ts';
import { countAssistants, searchAssistants } from './search-assistants.ts';
import { seedAssistants } from './seed-assistants.ts';

export function createAssistants(sql: Sql, clock: Clock): Assistants {
  const stamp = (): string => new Date(clock.now()).toISOString();
  return {
    seed: async (system) => sql.write(() => seedAssistants(system, stamp())),
    create: async (scope, assistant, ifExists) => sql.write(() => createAssistant(scope, assistant, ifExists, stamp())),
    get: async (scope, id) => sql.read(() => findAssistant(scope, id)),
    search: async (scope, filter, paging) => sql.read(() => searchAssistants(scope, filter, paging)),
    count: async (scope, filter) => sql.read(() => countAssistants(scope, filter)),
    patch: async (scope, id, patch) => sql.write(() => patchAssistant(scope, id, patch, stamp())),
    delete: async (scope, id) => sql.write(() => deleteAssistant(scope, id)),
    versions: async (scope, id, options) => sql.read(() => listVersions(scope, id, options)),
    setLatest: async (scope, id, version) => sql.write(() => setLatest(scope, id, version, stamp())),
  };
}
