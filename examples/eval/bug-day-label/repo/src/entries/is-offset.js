export const isOffset = (minutes) => Number.isInteger(minutes) && Math.abs(minutes) <= 14 * 60;
