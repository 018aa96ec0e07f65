/** What a picture is measured by, and what is said of it. */
import { expect, test } from 'vitest';
import { bytesOfPicture, digestOfPicture, PICTURE_BYTES, PICTURES_KEPT_BYTES, type Picture, tooLarge } from '../../domain/picture.ts';
import { leftOutWords, seenWords, toldPicture, unseenWords } from '../../domain/picture-words.ts';

const picture = (bytes: number): Picture => ({
  mediaType: 'image/png',
  width: 2,
  height: 3,
  base64: Buffer.alloc(bytes, 9).toString('base64'),
});

test.each([1, 2, 3, 4, 1000, 1001])('its bytes are counted without decoding: %i', (bytes) => {
  expect(bytesOfPicture(picture(bytes))).toBe(bytes);
});

test('all that a request keeps fits into Groq’s 4 MB, as base64', () => {
  expect((PICTURES_KEPT_BYTES * 4) / 3).toBeLessThanOrEqual(3_200_000);
  expect(PICTURE_BYTES).toBeLessThanOrEqual(PICTURES_KEPT_BYTES);
});

test('caps hold at their edge', () => {
  expect(tooLarge({ width: 8000, height: 4147, bytes: PICTURE_BYTES })).toBeUndefined();
  expect(tooLarge({ width: 8000, height: 4148, bytes: 1 })).toBe('it has more than 33177600 pixels');
});

test('people are told its kind, size and digest; equal pictures have equal digests', () => {
  expect(toldPicture(picture(5))).toBe(`[picture: PNG, 2 x 3 pixels, digest ${digestOfPicture(picture(5))}]`);
  expect(digestOfPicture(picture(5))).toMatch(/^[0-9a-f]{16}$/);
  expect(digestOfPicture(picture(5))).not.toBe(digestOfPicture(picture(6)));
});

test('a model is told whether it sees it', () => {
  expect([seenWords, unseenWords, leftOutWords].map((words) => words('a.png'))).toEqual([
    'a.png; the picture is shown to you with this result',
    'a.png; the picture itself cannot be shown to you',
    'a.png; the picture itself is left out for want of room',
  ]);
});
