/** Reading a picture: shown to who sees, told in today's words to who does not, within the caps, and never from outside. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PICTURE_BYTES, type Picture } from '../../domain/picture.ts';
import { readFile } from '../../tools/read-file.ts';
import { gif, jpeg, png, webp } from '../fakes/pictures.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const put = (path: string, content: Buffer | string): void => writeFileSync(join(world.folder, 'tree', path), content);
const read = (path: string, sees?: (picture: Picture) => boolean) => readFile.execute({ path }, { ...world.context, sees });
const all = (): boolean => true;

test.each<[string, string, Buffer]>([
  ['PNG', 'image/png', png(640, 480)],
  ['JPEG', 'image/jpeg', jpeg(640, 480)],
  ['GIF', 'image/gif', gif(640, 480)],
  ['WebP', 'image/webp', webp(640, 480)],
])('a %s is known by its bytes, and comes with its words', async (kind, mediaType, bytes) => {
  put('a.txt', bytes);
  const facts = `a.txt: ${kind} image, 640 x 480 pixels, ${bytes.length} bytes`;
  expect(await read('a.txt', all)).toEqual({
    content: facts,
    picture: { mediaType, width: 640, height: 480, base64: bytes.toString('base64') },
  });
  expect(await read('a.txt')).toBe(`${facts}; the picture itself cannot be shown to you`);
  expect(await read('a.txt', (picture) => picture.mediaType !== mediaType)).toBe(`${facts}; the picture itself cannot be shown to you`);
});

const filled = (bytes: number): Buffer => {
  const empty = png(8, 8, [['teSt', Buffer.alloc(0)]]);
  return png(8, 8, [['teSt', Buffer.alloc(bytes - empty.length)]]);
};

test.each<[string, Buffer, Buffer, string]>([
  ['bytes', filled(PICTURE_BYTES), filled(PICTURE_BYTES + 1), `it has more than ${PICTURE_BYTES} bytes`],
  ['a side', png(8000, 8), png(8001, 8), 'a side has more than 8000 pixels'],
  ['pixels', png(7680, 4320), png(7680, 4321), 'it has more than 33177600 pixels'],
  ['a whole file', png(8, 8), png(8, 8).subarray(0, -1), 'the file is broken'],
  ['one frame', gif(8, 8), gif(8, 8, 2), 'it moves'],
  ['some pixels', png(1, 1), png(0, 1), 'the file is broken'],
])('the cap of %s: what just keeps it is shown, what just does not is told in words with the reason', async (_title, kept, over, why) => {
  put('kept', kept);
  put('over', over);
  expect(await read('kept', all)).toMatchObject({ picture: { base64: kept.toString('base64') } });
  const told = await read('over', all);
  const size = /\d+ x \d+/.exec(JSON.stringify(told))?.[0];
  const kind = over.toString('latin1', 0, 3) === 'GIF' ? 'GIF' : 'PNG';
  expect(told).toBe(`over: ${kind} image, ${size} pixels, ${over.length} bytes; the picture itself cannot be shown to you: ${why}`);
});

test('an SVG stays text, with its secrets masked', async () => {
  put('a.svg', `<svg><text>ghp_${'a1B2'.repeat(9)}</text></svg>\n`);
  expect(await read('a.svg', all)).toBe('1\t<svg><text>[REDACTED]</text></svg>');
});

test('a picture outside, or behind a link, is refused as a text is', async () => {
  writeFileSync(join(world.folder, 'outside.png'), png(8, 8));
  symlinkSync('../outside.png', join(world.folder, 'tree/link.png'));
  for (const path of ['link.png', '../outside.png']) await expect(read(path, all)).rejects.toMatchObject({ code: 'PATH_DENIED' });
});
