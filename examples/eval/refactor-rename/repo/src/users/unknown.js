export function unknown(id) {
  throw new Error(`nobody has the id ${id}`);
}
