/** Prices and windows. */
import { describe, expect, it, vi } from 'vitest';
import { contextTokensOf, DEFAULT_CONTEXT_TOKENS, priceDoubt, priceOf } from '../../models/catalog.ts';

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

describe('a cache write', () => {
  it('has its own price where the configuration or the catalogue gives one, else that of input', () => {
    const windowTokens = contextTokensOf('claude-sonnet-4-5', undefined);
    expect(priceOf('claude-sonnet-4-5', {}, { required: true, windowTokens }).cacheWriteMicroUsdPerMillion).toBe(3_750_000);
    expect(priceOf('m', { m: { input: 3, cacheWrite: 6, output: 15 } }, { required: true }).cacheWriteMicroUsdPerMillion).toBe(6_000_000);
    expect(priceOf('m', { m: { input: 3, output: 15 } }, { required: true })).not.toHaveProperty('cacheWriteMicroUsdPerMillion');
  });
});

describe('a model that several sell', () => {
  const NAME = 'gpt-oss-120b';

  it('takes the price of who stands behind its address', () => {
    expect(priceOf(NAME, {}, { required: true, address: 'https://api.cerebras.ai/v1' }).inputMicroUsdPerMillion).toBe(350_000);
    expect(priceOf(NAME, {}, { required: true }).inputMicroUsdPerMillion).toBe(39_000);
  });

  it('whose price the name alone decided is told, with the others’ prices and the mend', async () => {
    const told = await priceDoubt(NAME, {}, { address: 'http://gateway.example/v1' });
    expect(told).toContain('that of openai ($0.039 in, $0.18 out)');
    expect(told).toContain('cerebras $0.35 in, $0.75 out');
    expect(told).toContain('http://gateway.example/v1');
    expect(told).toContain(`prices."${NAME}": { input:`);
  });

  it.each([
    ['its own provider is known', NAME, {}, 'https://api.cerebras.ai/v1'],
    ['its own price is configured', NAME, { [NAME]: { input: 1, output: 2 } }, 'http://gateway.example/v1'],
    ['all take the same', 'gpt-5.4-mini', {}, 'http://gateway.example/v1'],
    ['nobody knows it', 'my-model', {}, 'http://gateway.example/v1'],
  ])('is not told where %s', async (_why, name, prices, address) => {
    expect(await priceDoubt(name, prices, { address, windowTokens: 128_000 })).toBeUndefined();
  });
});

describe('a window', () => {
  it('is the configured one, the catalogue’s, or the default', () => {
    expect(contextTokensOf('gpt-5.4', 9000)).toBe(9000);
    expect(contextTokensOf('gpt-5.4-mini', undefined)).toBe(400_000);
    expect(contextTokensOf('my-model', undefined)).toBe(DEFAULT_CONTEXT_TOKENS);
  });
});
