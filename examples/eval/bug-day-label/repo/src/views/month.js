import { dayOf } from '../time/day-of.js';
import { monthOf } from '../time/month-of.js';
import { datedLine } from './dated-line.js';

export const month = (entries, name) => entries.filter((entry) => monthOf(dayOf(entry)) === name).map(datedLine);
