import { checkCents } from './check-cents.js';

export function createPrices(store, catalog) {
  return {
    setPrice: (id, cents) => {
      const product = catalog.product(id);
      store.write({ ...product, cents: checkCents(cents) });
    },
  };
}
