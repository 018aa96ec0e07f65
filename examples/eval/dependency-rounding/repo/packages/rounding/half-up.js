export const halfUp = (number) => Math.sign(number) * Math.round(Math.abs(number));
