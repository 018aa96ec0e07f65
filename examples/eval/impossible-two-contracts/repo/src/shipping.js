import { total } from './total.js';

export const withShipping = (items, shipping) => total(items) + shipping;
