/** An image that is whole and stands still is shown; one that is cut, damaged or moves is not. */
import { expect, test } from 'vitest';
import { imageFacts } from '../../../tools/read/image.ts';
import { whyNotWhole } from '../../../tools/read/whole-image.ts';
import { gif, jpeg, png, webp } from '../../fakes/pictures.ts';

const why = (bytes: Buffer): string | undefined => whyNotWhole(imageFacts(bytes)?.kind ?? expect.unreachable(), bytes);
const changed = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8((copy[at] ?? 0) ^ 0xff, at);
  return copy;
};

test.each<[string, Buffer]>([
  ['PNG', png(640, 480)],
  ['JPEG', jpeg(640, 480)],
  ['JPEG with zeros after its end', Buffer.concat([jpeg(640, 480), Buffer.alloc(4)])],
  ['GIF', gif(640, 480)],
  ['WebP', webp(640, 480)],
])('a %s is whole', (_title, bytes) => {
  expect(why(bytes)).toBeUndefined();
});

test.each<[string, Buffer]>([
  ['PNG that breaks off', png(640, 480).subarray(0, -12)],
  ['PNG with a byte that changed', changed(png(640, 480), 45)],
  ['JPEG that breaks off', jpeg(640, 480).subarray(0, -2)],
  ['GIF that breaks off', gif(640, 480).subarray(0, -1)],
  ['GIF without an image', gif(640, 480, 0)],
  ['WebP that breaks off', webp(640, 480).subarray(0, -1)],
])('a %s is broken', (_title, bytes) => {
  expect(why(bytes)).toBe('the file is broken');
});

test.each<[string, Buffer]>([
  ['PNG', png(64, 48, [['acTL', Buffer.alloc(8)]])],
  ['GIF', gif(64, 48, 2)],
  ['WebP', webp(64, 48, true)],
])('a %s of several frames moves', (_title, bytes) => {
  expect(why(bytes)).toBe('it moves');
});
