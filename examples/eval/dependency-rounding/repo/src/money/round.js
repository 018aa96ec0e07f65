export const round = (number) => Math.floor(number + 0.5);
