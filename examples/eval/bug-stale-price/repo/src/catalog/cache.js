/** Keeps what was made for a key, until it is dropped. */
export function createCache() {
  const kept = new Map();
  return {
    get: (key, make) => {
      if (!kept.has(key)) kept.set(key, make());
      return kept.get(key);
    },
    drop: (key) => kept.delete(key),
    size: () => kept.size,
  };
}
