/** The id of a graph's system assistant: the UUID v5 that LangGraph Studio and the official clients compute by themselves. */
import { createHash } from 'node:crypto';

/** RFC 4122's namespace of ISO object identifiers. */
const NAMESPACE = Buffer.from('6ba7b8219dad11d180b400c04fd430c8', 'hex');

export function systemAssistantId(graphId: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(graphId, 'utf8').digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
