export const isoDay = (ms) => new Date(ms).toISOString().slice(0, 10);
