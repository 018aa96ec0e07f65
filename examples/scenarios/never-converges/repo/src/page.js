/** Which page of a list an address asks for. */
import { parseQuery } from './query.js';

export function pageOf(address) {
  const start = address.indexOf('?');
  const { page = '1' } = start === -1 ? {} : parseQuery(address.slice(start + 1));
  return Math.max(1, Number.parseInt(page, 10) || 1);
}
