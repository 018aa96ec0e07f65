import { euros } from './money/euros.js';

export const lineOf = (item) => `${item.name} ${euros(item.cents)}`;
