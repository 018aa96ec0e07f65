export function missing(id) {
  throw new Error(`there is no product ${id}`);
}
