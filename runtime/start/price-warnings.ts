/** Prices that may be other ones, told before money is spent. */

import type { Config } from '../../domain/config.ts';
import { ROLES } from '../../domain/roles.ts';
import type { Models } from '../../models/registry.ts';

/** One line a model whose price the name alone decided while others sell it at other prices. */
export async function priceWarnings(models: Models, prices: Config['prices']): Promise<string[]> {
  const told = new Set<string>();
  for (const role of ROLES) {
    for (const lean of [false, true]) {
      const chosen = await models.forRole(role, lean);
      for (const { model, address } of [chosen, ...chosen.fallbacks]) {
        if (address === undefined) continue;
        // The catalogue is large, and only endpoints have prices.
        const { priceDoubt } = await import('../../models/catalog.ts');
        const doubt = await priceDoubt(model.model, prices, { address, windowTokens: model.contextTokens });
        if (doubt !== undefined) told.add(doubt);
      }
    }
  }
  return [...told];
}
