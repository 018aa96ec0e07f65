/** Plain statistics over lists of numbers. */

export function mean(numbers) {
  if (numbers.length === 0) throw new RangeError('the mean of nothing is not a number');
  return numbers.reduce((total, number) => total + number, 0) / numbers.length;
}

/** The distance between the smallest and the largest number. */
export function range(numbers) {
  if (numbers.length === 0) throw new RangeError('nothing has no range');
  return Math.max(...numbers) - Math.min(...numbers);
}
