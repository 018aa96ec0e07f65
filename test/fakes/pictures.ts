/** Whole pictures of any size, made by hand: small files, whatever their pixels. */
import { crc32, deflateSync } from 'node:zlib';

function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([head, named, sum]);
}

/** Black, one bit a pixel. `more` is put before its end, such as an animation's chunk or bytes that make it large. */
export function png(width: number, height: number, more: readonly (readonly [type: string, data: Buffer])[] = []): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const data = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height));
  const chunks = [chunk('IHDR', header), chunk('IDAT', data), ...more.map(([type, bytes]) => chunk(type, bytes))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

/** A frame header, a scan and an end. */
export function jpeg(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16BE(height, 0);
  size.writeUInt16BE(width, 2);
  const hex = (text: string): Buffer => Buffer.from(text, 'hex');
  return Buffer.concat([hex('ffd8ffc0000b08'), size, hex('01011100'), hex('ffda000801010000003f00'), hex('00ffd9')]);
}

/** @param frames more than one: it moves. */
export function gif(width: number, height: number, frames = 1): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  const frame = Buffer.concat([Buffer.from('2c00000000', 'hex'), size, Buffer.from('00', 'hex'), Buffer.from('0202440100', 'hex')]);
  const table = Buffer.from('000000ffffff', 'hex');
  return Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    size,
    Buffer.from('800000', 'hex'),
    table,
    Buffer.from('21f9040000000000', 'hex'),
    ...Array.from({ length: frames }, () => frame),
    Buffer.from([0x3b]),
  ]);
}

/** In the extended form. */
export function webp(width: number, height: number, moves = false): Buffer {
  const body = Buffer.alloc(26);
  body.write('WEBPVP8X', 'latin1');
  body.writeUInt32LE(10, 8);
  body.writeUInt8(moves ? 2 : 0, 12);
  body.writeUIntLE(width - 1, 16, 3);
  body.writeUIntLE(height - 1, 19, 3);
  const head = Buffer.alloc(8);
  head.write('RIFF', 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}
