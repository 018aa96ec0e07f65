import { dayOf } from '../time/day-of.js';

export const datedLine = (entry) => `${dayOf(entry)}: ${entry.text}`;
