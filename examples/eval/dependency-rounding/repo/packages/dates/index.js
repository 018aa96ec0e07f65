export const dueDay = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
