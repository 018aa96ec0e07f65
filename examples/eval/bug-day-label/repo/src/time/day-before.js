import { isoDay } from './iso-day.js';
import { DAY_MS } from './units.js';

export const dayBefore = (day) => isoDay(Date.parse(day) - DAY_MS);
