import { copyOf } from './copy.js';
import { createCounter } from './counter.js';

/** The slow place: every read is counted. */
export function createStore(products) {
  const rows = new Map(products.map((product) => [product.id, copyOf(product)]));
  const counter = createCounter();
  return {
    ids: () => [...rows.keys()],
    read: (id) => {
      counter.add();
      return copyOf(rows.get(id));
    },
    write: (product) => void rows.set(product.id, copyOf(product)),
    reads: counter.value,
  };
}
