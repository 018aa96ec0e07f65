import { euros } from './money/euros.js';

export const footer = (made) => `tax ${euros(made.taxCents)}, total ${euros(made.totalCents)}`;
