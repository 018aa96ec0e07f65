import { createCatalog } from './catalog/catalog.js';
import { createPrices } from './catalog/prices.js';
import { label } from './pages/label.js';
import { priceList } from './pages/price-list.js';
import { receipt } from './pages/receipt.js';
import { stockList } from './pages/stock-list.js';
import { createStore } from './store/store.js';

export function createShop(products) {
  const store = createStore(products);
  const catalog = createCatalog(store);
  const prices = createPrices(store, catalog);
  return {
    store,
    setPrice: prices.setPrice,
    priceList: () => priceList(catalog, store),
    stockList: () => stockList(catalog),
    label: (id) => label(catalog, id),
    receipt: (ids) => receipt(catalog, ids),
  };
}
