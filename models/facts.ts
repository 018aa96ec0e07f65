/** What a door knows of the parts of requests: their digests and their bytes, each made once, and those of a whole request from the one before. */
import { createHash, type Hash } from 'node:crypto';
import { digestOf } from '../domain/ids.ts';
import type { ChatMessage, ToolSpec } from '../domain/ports.ts';
import { contentBytesOf, opaqueBytesOf } from './count.ts';
import { folded, remembered } from './remembered.ts';

type Part = ChatMessage | ToolSpec;

export interface Facts {
  /** The digest of all digests, in order. */
  readonly digestOfAll: (parts: readonly Part[]) => string;
  /** The bytes that every template keeps. */
  readonly contentBytesOfAll: (messages: readonly ChatMessage[]) => number;
  /** The bytes of what only its provider reads. */
  readonly opaqueBytesOfAll: (messages: readonly ChatMessage[]) => number;
}

export function createFacts(): Facts {
  const digestOfPart = remembered((part: Part) => digestOf(part));
  const hashOfAll = folded<Part, Hash | undefined>(undefined, (hash, part) =>
    hash === undefined ? createHash('sha256').update(digestOfPart(part)) : hash.copy().update(`,${digestOfPart(part)}`),
  );
  return {
    digestOfAll: (parts) => (hashOfAll(parts)?.copy() ?? createHash('sha256')).digest('hex'),
    contentBytesOfAll: folded(0, (sum, message: ChatMessage) => sum + contentBytesOf(message)),
    opaqueBytesOfAll: folded(0, (sum, message: ChatMessage) => sum + opaqueBytesOf(message)),
  };
}
