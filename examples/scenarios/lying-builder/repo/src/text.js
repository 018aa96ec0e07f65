/** Small helpers for text that people read. */

/** `hello world` -> `Hello world`. */
export function capitalize(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `Crème brûlée!` -> `creme-brulee`, for addresses of pages. */
export function slugify(text) {
  return text
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
