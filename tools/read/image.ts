/** What the header of an image says: its kind and its size. */
import type { PictureType } from '../../domain/picture.ts';

export const MEDIA_TYPES = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  GIF: 'image/gif',
  WebP: 'image/webp',
} as const satisfies Readonly<Record<string, PictureType>>;

export interface ImageFacts {
  readonly kind: keyof typeof MEDIA_TYPES;
  /** In pixels; undefined where the file breaks off before it says. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

/** Undefined for what is no such image, whatever its name. */
export function imageFacts(bytes: Buffer): ImageFacts | undefined {
  const latin = (from: number, to: number): string => bytes.subarray(from, to).toString('latin1');
  if (latin(0, 8) === '\x89PNG\r\n\x1a\n')
    return { kind: 'PNG', size: bytes.length < 24 ? undefined : sizeOf(bytes.readUInt32BE(16), bytes.readUInt32BE(20)) };
  if (/^GIF8[79]a$/.test(latin(0, 6)))
    return { kind: 'GIF', size: bytes.length < 10 ? undefined : sizeOf(bytes.readUInt16LE(6), bytes.readUInt16LE(8)) };
  if (latin(0, 4) === 'RIFF' && latin(8, 12) === 'WEBP') return { kind: 'WebP', size: webpSize(bytes, latin(12, 16)) };
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return { kind: 'JPEG', size: jpegSize(bytes) };
  return undefined;
}

const sizeOf = (width: number, height: number) => ({ width, height });

/** RFC 9649, sections 2.5 to 2.7. */
function webpSize(bytes: Buffer, chunk: string): ImageFacts['size'] {
  if (bytes.length < 30) return undefined;
  if (chunk === 'VP8X') return sizeOf(bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1);
  if (chunk === 'VP8 ') return sizeOf(bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff);
  if (chunk !== 'VP8L') return undefined;
  const bits = bytes.readUInt32LE(21);
  return sizeOf((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
}

/** Goes from segment to segment up to the frame header (ITU T.81, table B.1: SOF0 to SOF15, without DHT, JPG and DAC). */
function jpegSize(bytes: Buffer): ImageFacts['size'] {
  let at = 2;
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return sizeOf(bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5));
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
