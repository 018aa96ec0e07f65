export const header = (number) => `Invoice ${number}`;
