import { footer } from './footer.js';
import { header } from './header.js';
import { invoice } from './invoice.js';

export function print(number, items) {
  const made = invoice(items);
  return [header(number), ...made.lines, footer(made)].join('\n');
}
