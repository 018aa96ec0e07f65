/** A secret that is typed, piped, or not given after all. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { secretFrom } from '../../cli/ask.ts';

const terminal = (): PassThrough & { readonly isTTY: boolean } => Object.assign(new PassThrough(), { isTTY: true });

test('Ctrl-C and the end of the input on a terminal are an empty answer, and no fault', async () => {
  for (const key of ['\u0003', '\u0004']) {
    const input = terminal();
    const asked = secretFrom(input)('');
    setTimeout(() => input.write(key), 20);
    expect(await asked).toBe('');
  }
});

test('what is typed is the answer; of a pipe all of it', async () => {
  const input = terminal();
  const asked = secretFrom(input)('');
  setTimeout(() => input.write('gvk_abc\r'), 20);
  expect(await asked).toBe('gvk_abc');
  const pipe = new PassThrough();
  pipe.end('gvk_abc\n');
  expect(await secretFrom(pipe)('')).toBe('gvk_abc\n');
});
