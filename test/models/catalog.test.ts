/** Prices and windows. */
import { describe, expect, it, vi } from 'vitest';
import { contextTokensOf, DEFAULT_CONTEXT_TOKENS, priceOf } from '../../models/catalog.ts';

describe('a price', () => {
  it('of the configuration comes before the catalogue, and cached input defaults to input', () => {
    expect(priceOf('gpt-5.4', { 'gpt-5.4': { input: 1.25, output: 10 } }, { required: true })).toEqual({
      inputMicroUsdPerMillion: 1_250_000,
      cachedInputMicroUsdPerMillion: 1_250_000,
      outputMicroUsdPerMillion: 10_000_000,
    });
  });

  it('free is zero', () => {
    expect(priceOf('local', { local: 'free' }, { required: true }).outputMicroUsdPerMillion).toBe(0);
  });

  it('of the catalogue is known offline', () => {
    const fetched = vi.spyOn(globalThis, 'fetch');
    expect(priceOf('gpt-5.4-mini', {}, { required: true })).toEqual({
      inputMicroUsdPerMillion: 750_000,
      cachedInputMicroUsdPerMillion: 75_000,
      outputMicroUsdPerMillion: 4_500_000,
    });
    expect(fetched).not.toHaveBeenCalled();
  });

  it('with steps by size is the dearest that the window can reach', () => {
    const windowTokens = contextTokensOf('gpt-5.4', undefined);
    expect(priceOf('gpt-5.4', {}, { required: true, windowTokens }).inputMicroUsdPerMillion).toBe(2_500_000);
    expect(priceOf('gpt-5.4', {}, { required: true, windowTokens: 1_000_000 }).inputMicroUsdPerMillion).toBe(5_000_000);
    expect(priceOf('gpt-5.4', {}, { required: true }).inputMicroUsdPerMillion).toBe(5_000_000);
  });

  it.each(['my-model', 'constructor', '__proto__'])('of the unknown model %s is refused and says how to add it', (name) => {
    expect(() => priceOf(name, {}, { required: true })).toThrow(`prices.${JSON.stringify(name)}`);
    expect(priceOf(name, {}, { required: false }).inputMicroUsdPerMillion).toBe(0);
  });
});

describe('a window', () => {
  it('is the configured one, the catalogue’s, or the default', () => {
    expect(contextTokensOf('gpt-5.4', 9000)).toBe(9000);
    expect(contextTokensOf('gpt-5.4-mini', undefined)).toBe(400_000);
    expect(contextTokensOf('my-model', undefined)).toBe(DEFAULT_CONTEXT_TOKENS);
  });
});
