export function createCounter() {
  let count = 0;
  return {
    add: () => {
      count += 1;
    },
    value: () => count,
  };
}
