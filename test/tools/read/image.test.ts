/** Headers of images: the kind and the size, whatever the name. */
import { expect, test } from 'vitest';
import { imageFacts } from '../../../tools/read/image.ts';

const from = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const riff = (chunk: string, hex: string): Buffer =>
  Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'), Buffer.from(chunk), from('0a000000'), from(hex), Buffer.alloc(20)]);

test.each<[string, Buffer, { width: number; height: number } | undefined]>([
  ['PNG', from('89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 08 06'), { width: 640, height: 480 }],
  ['PNG', from('89504e470d0a1a0a 0000'), undefined],
  ['GIF', from('474946383961 8002 e001'), { width: 640, height: 480 }],
  ['JPEG', from('ffd8 ffe0 0004 4a46 ff ffc2 0011 08 01e0 0280 03'), { width: 640, height: 480 }],
  ['JPEG', from('ffd8 ffc4 0005 000000 ffc0 000b 08 0010 0020 01'), { width: 32, height: 16 }],
  ['JPEG', from('ffd8 ffe0 0004 4a46'), undefined],
  ['WebP', riff('VP8X', '00000000 7f0200 df0100'), { width: 640, height: 480 }],
  ['WebP', riff('VP8 ', '000000 9d012a 8002 e001'), { width: 640, height: 480 }],
  ['WebP', riff('VP8L', '2f 7fc27700'), { width: 640, height: 480 }],
])('of a %s say its size', (kind, bytes, size) => {
  expect(imageFacts(bytes)).toEqual({ kind, size });
});

test('of something else are none', () => {
  for (const bytes of [Buffer.from('<svg/>'), from('89504e47'), Buffer.from('RIFF....WAVE'), Buffer.alloc(0)])
    expect(imageFacts(bytes)).toBeUndefined();
});
