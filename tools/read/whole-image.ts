/** Is an image whole, and does it stand still? Endpoints refuse a request with one that is broken, and not all take one that moves. */
import { crc32 } from 'node:zlib';
import type { ImageFacts } from './image.ts';

/** Why an image cannot be shown; undefined: it is whole and stands still. */
export function whyNotWhole(kind: ImageFacts['kind'], bytes: Buffer): string | undefined {
  const seen = SEEN[kind](bytes);
  return seen === 'whole' ? undefined : seen === 'moving' ? 'it moves' : 'the file is broken';
}

type Seen = 'whole' | 'moving' | 'broken';

const SEEN: Readonly<Record<ImageFacts['kind'], (bytes: Buffer) => Seen>> = { PNG: png, JPEG: jpeg, GIF: gif, WebP: webp };

/** Chunk after chunk, each with its sum, up to IEND (https://www.w3.org/TR/png-3/#5Chunk-layout). */
function png(bytes: Buffer): Seen {
  let hasData = false;
  let moves = false;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return 'broken';
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') hasData = true;
    if (type === 'acTL') moves = true;
    if (type === 'IEND') return hasData ? (moves ? 'moving' : 'whole') : 'broken';
    at = end;
  }
  return 'broken';
}

/** A scan, and the end of the image after it (ITU T.81, B.1.1.3: SOS, EOI). */
function jpeg(bytes: Buffer): Seen {
  const end = bytes.lastIndexOf(Buffer.from([0xff, 0xd9]));
  const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
  return scan > 0 && end > scan ? 'whole' : 'broken';
}

/** Block after block up to the trailer (https://www.w3.org/Graphics/GIF/spec-gif89a.txt): a second image makes it move. */
function gif(bytes: Buffer): Seen {
  let images = 0;
  for (let at = 13 + colours(bytes[10] ?? 0); at < bytes.length; ) {
    const block = bytes[at];
    if (block === 0x3b) return images === 0 ? 'broken' : images === 1 ? 'whole' : 'moving';
    if (block === 0x2c) {
      images += 1;
      at = afterParts(bytes, at + 11 + colours(bytes[at + 9] ?? 0));
    } else if (block === 0x21) at = afterParts(bytes, at + 2);
    else return 'broken';
  }
  return 'broken';
}

/** Bytes of a table of colours. */
const colours = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** Parts begin with their length; one of none ends them. */
function afterParts(bytes: Buffer, from: number): number {
  let at = from;
  for (let length = bytes[at]; length !== undefined && length > 0; length = bytes[at]) at += length + 1;
  return at + 1;
}

/** RFC 9649: the size of all chunks, and in VP8X the flag of an animation. */
function webp(bytes: Buffer): Seen {
  if (bytes.readUInt32LE(4) + 8 > bytes.length) return 'broken';
  return bytes.toString('latin1', 12, 16) === 'VP8X' && ((bytes[20] ?? 0) & 2) !== 0 ? 'moving' : 'whole';
}
