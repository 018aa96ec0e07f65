import { check } from './check.js';
import { DEFAULTS } from './defaults.js';
import { migrate } from './migrate.js';
import { parse } from './parse.js';

export const load = (text) => check(migrate(parse(text)));
export const save = (settings) => `${JSON.stringify(check(settings))}\n`;
export const defaults = () => structuredClone(DEFAULTS);
