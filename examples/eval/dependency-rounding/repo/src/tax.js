import { round } from './money/round.js';

export const taxOf = (item) => round((item.cents * item.taxPercent) / 100);
