/** What an agent is shown of a difference: whole files first, in bounds; what is left out is named. */
import { expect, test } from 'vitest';
import type { Repository } from '../../domain/workspace.ts';
import { shownPatch } from '../../nodes/shown-patch.ts';
import { only } from '../fakes/only.ts';
import { fakeSession } from '../fakes/session.ts';

const section = (path: string, body: string): string =>
  `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n${body}`;
const shown = (sections: readonly string[], bytes: number): Promise<string> =>
  shownPatch(
    fakeSession({
      doors: { redact: (text) => text },
      places: {
        repository: only<Repository>('repository', {
          largeChanges: async () => [],
          patch: async () => Buffer.from(sections.join('')),
          blob: async () => Buffer.from(''),
        }),
      },
    }),
    { from: 'a', to: 'b' },
    bytes,
  );

test('what fits is there as it is; a file that does not is named, and a smaller one behind it still comes', async () => {
  const [one, two, three] = [section('a.js', '-1\n+2\n'), section('b.js', `+${'x'.repeat(600)}\n`), section('c.js', '-3\n+4\n')];
  expect(await shown([one, two, three], 4096)).toBe(`${one}${two}${three}`.trimEnd());
  expect(await shown([one, section('b.js', `+${'x'.repeat(180)}\n`), three], 200)).toBe(`${one}${three}(left out: b.js; read the files)`);
});

test('of a first file that does not fit whole lines are there', async () => {
  const text = await shown([section('a.js', `${'+é line\n'.repeat(100)}`), section('b.js', '+1\n')], 200);
  expect(text).toMatch(/\+é line\n\(cut: \d+ bytes; read the file for the rest\)\n\(left out: b\.js; read the files\)$/);
  expect(text).not.toContain('\ufffd');
  expect(Buffer.byteLength(text)).toBeLessThan(320);
});

test('a binary file is named, not shown', async () => {
  const binary = `diff --git a/a.png b/a.png\nindex 0..0\nGIT binary patch\nliteral 5\nMcmZ\n\n`;
  expect(await shown([binary], 4096)).toBe('diff --git a/a.png b/a.png\nindex 0..0\n(binary)');
});
