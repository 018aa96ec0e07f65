/** How long an endpoint asks to wait: in its headers and in its words. */
import { expect, it } from 'vitest';
import { askedWaitMs } from '../../../models/wire/waits.ts';

it.each([
  // Gemini: google.rpc.RetryInfo
  ['{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"15s"}]}}', 15_000],
  ['{"error":{"details":[{"retryDelay":"0.5s"}]}}', 500],
  // OpenAI and Groq
  ['Rate limit reached for gpt-5.4 ... Please try again in 20s.', 20_000],
  ['Please try again in 1m20.5s. Visit', 80_500],
  ['Please try again in 350ms.', 350],
  ['Please try again in 2h3m.', 7_380_000],
  // Azure
  ['Please retry after 26 seconds.', 26_000],
  ['Try again in 3 minutes', 180_000],
  // Honest look-alikes
  ['The model was retired; try again in another region.', undefined],
  ['Your request had 20s of audio', undefined],
  ['', undefined],
])('%j', (body, wait) => {
  expect(askedWaitMs(new Headers(), body)).toBe(wait);
});

it('believes a header before the words of the body', () => {
  expect(askedWaitMs(new Headers({ 'retry-after': '3' }), 'try again in 20s')).toBe(3000);
});
