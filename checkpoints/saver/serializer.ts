/** A strict serializer: what cannot be stored is an error with its path, never a destroyed thread. */
import { MemorySaver, type SerializerProtocol } from '@langchain/langgraph-checkpoint';
import { StopError } from '../../domain/errors.ts';

/** Deepest accepted value; deeper is a cycle or an attack. */
const MAX_DEPTH = 64;

/** `path: what is wrong` of the first value that JSON would lose or refuse; undefined when sound. */
export function unserializable(value: unknown, path = '$', depth = 0): string | undefined {
  if (depth > MAX_DEPTH) return `${path}: deeper than ${MAX_DEPTH} levels, or circular`;
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return `${path}: a ${typeof value}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `${path}: ${value}`;
  if (value === null || typeof value !== 'object') return undefined;
  if (
    value instanceof Uint8Array ||
    value instanceof Date ||
    value instanceof RegExp ||
    value instanceof Error ||
    'lc_serializable' in value
  )
    return undefined;
  const members = value instanceof Map || value instanceof Set ? [...value].entries() : Object.entries(value);
  for (const [key, member] of members) {
    const inside = unserializable(member, `${path}.${key}`, depth + 1);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** LangGraph's own serializer stores a sentence where it fails, and the thread is lost; this one refuses instead. */
export function strictSerializer(): SerializerProtocol {
  const inner = new MemorySaver().serde;
  return {
    dumpsTyped: async (data: unknown) => {
      const problem = unserializable(data);
      if (problem !== undefined) throw new StopError('INTERNAL', `state cannot be stored: ${problem}`);
      return inner.dumpsTyped(data);
    },
    loadsTyped: (type, data) => inner.loadsTyped(type, data),
  };
}
