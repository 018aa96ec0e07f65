/** The corpus itself: each entry once, and enough of them. */
import { expect, test } from 'vitest';
import { CHECKOUTS } from './corpus/checkouts.ts';
import { CONTENTS } from './corpus/contents.ts';
import { HISTORIES } from './corpus/histories.ts';
import { NAMED } from './corpus/names.ts';
import { SETTINGS } from './corpus/settings.ts';

const NAMES = [...CONTENTS, ...NAMED, ...SETTINGS, ...HISTORIES, ...CHECKOUTS].map(({ name }) => name);

test('every entry has a name of its own, and there are more than ninety', () => {
  expect(new Set(NAMES).size).toBe(NAMES.length);
  expect(NAMES.length).toBeGreaterThan(90);
});
