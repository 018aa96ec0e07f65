export const line = (...parts) => parts.join(' ');
