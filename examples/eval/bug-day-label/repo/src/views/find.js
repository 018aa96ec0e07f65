import { datedLine } from './dated-line.js';

export const find = (entries, text) => entries.filter((entry) => entry.text.includes(text)).map(datedLine);
