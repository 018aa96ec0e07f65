import { createCache } from './cache.js';
import { missing } from './missing.js';

export function createCatalog(store) {
  const cache = createCache();
  return {
    all: () => store.ids().map((id) => cache.get(id, () => store.read(id))),
    product: (id) => cache.get(id, () => store.read(id)) ?? missing(id),
    forget: (id) => cache.drop(id),
  };
}
