/** Which lines two texts share, in order (Myers, "An O(ND) Difference Algorithm and Its Variations", 1986). */

/** More differences than this are not looked for: such texts share their first and last lines only. */
const MAX_DIFFERENCES = 1000;

/** Pairs of equal lines, both sides rising. */
export function sharedLines(before: readonly string[], after: readonly string[]): [before: number, after: number][] {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const middle = shortest(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  return [
    ...Array.from({ length: head }, (_, index): [number, number] => [index, index]),
    ...middle.map(([one, other]): [number, number] => [one + head, other + head]),
    ...Array.from({ length: tail }, (_, index): [number, number] => [before.length - tail + index, after.length - tail + index]),
  ];
}

/** Follows the furthest reaching paths, then walks back along the one that arrived. */
function shortest(before: readonly string[], after: readonly string[]): [number, number][] {
  if (before.length === 0 || after.length === 0) return [];
  const reached = new Map<number, number>([[1, 0]]);
  const steps: Map<number, number>[] = [];
  for (let cost = 0; cost <= Math.min(before.length + after.length, MAX_DIFFERENCES); cost += 1) {
    steps.push(new Map(reached));
    for (let diagonal = -cost; diagonal <= cost; diagonal += 2) {
      let x = comesFromAbove(reached, diagonal, cost) ? (reached.get(diagonal + 1) ?? 0) : (reached.get(diagonal - 1) ?? 0) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      reached.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return walkBack(steps, before.length, after.length);
    }
  }
  return [];
}

const comesFromAbove = (reached: ReadonlyMap<number, number>, diagonal: number, cost: number): boolean =>
  diagonal === -cost || (diagonal !== cost && (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1));

function walkBack(steps: readonly ReadonlyMap<number, number>[], fromX: number, fromY: number): [number, number][] {
  const pairs: [number, number][] = [];
  let x = fromX;
  let y = fromY;
  for (let cost = steps.length - 1; cost >= 0; cost -= 1) {
    const reached = steps[cost] ?? new Map<number, number>();
    const diagonal = x - y;
    const before = comesFromAbove(reached, diagonal, cost) ? diagonal + 1 : diagonal - 1;
    const startX = cost === 0 ? 0 : (reached.get(before) ?? 0);
    const startY = cost === 0 ? 0 : startX - before;
    while (x > startX && y > startY) {
      x -= 1;
      y -= 1;
      pairs.push([x, y]);
    }
    x = startX;
    y = startY;
  }
  return pairs.toReversed();
}
