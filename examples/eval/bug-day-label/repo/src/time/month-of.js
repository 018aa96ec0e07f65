export const monthOf = (day) => day.slice(0, 7);
