import { checkEntry } from './entries/check-entry.js';
import { inOrder } from './entries/in-order.js';
import { find } from './views/find.js';
import { month } from './views/month.js';
import { page } from './views/page.js';

export function createDiary(given) {
  const entries = inOrder(given.map(checkEntry));
  return {
    page: () => page(entries),
    month: (name) => month(entries, name),
    find: (text) => find(entries, text),
  };
}
