import { instantOf } from '../time/instant-of.js';

export const inOrder = (entries) => [...entries].sort((a, b) => instantOf(a) - instantOf(b));
