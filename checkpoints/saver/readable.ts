/** Whether what was stored is a checkpoint: LangGraph takes anything else for a thread without a state, and begins it anew. */
import { type Checkpoint, emptyCheckpoint } from '@langchain/langgraph-checkpoint';

/** The newest form that the installed LangGraph writes. */
const NEWEST = emptyCheckpoint().v;

/** @throws Error naming the member that is not as LangGraph writes it. */
export function assertCheckpoint(found: unknown): asserts found is Checkpoint {
  if (!isRecord(found)) throw new Error('it is no object');
  const version = found['v'];
  if (typeof version !== 'number' || version < 1) throw new Error(`its version is ${JSON.stringify(version)}`);
  if (version > NEWEST) throw new Error(`its version is ${version}; this build reads versions up to ${NEWEST}`);
  if (typeof found['id'] !== 'string') throw new Error('it has no id');
  for (const member of ['channel_values', 'channel_versions', 'versions_seen'])
    if (!isRecord(found[member])) throw new Error(`its ${member} are no object`);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
