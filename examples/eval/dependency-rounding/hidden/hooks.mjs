import { readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { dependencies = {} } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

/** What an installer would have done: a declared `file:` package is found by its name. */
export async function resolve(specifier, context, next) {
  const at = Object.hasOwn(dependencies, specifier) ? dependencies[specifier] : '';
  if (!at.startsWith('file:')) return next(specifier, context);
  const folder = new URL(`${at.slice('file:'.length)}/`, root);
  const { main } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  return next(new URL(main, folder).href, context);
}
