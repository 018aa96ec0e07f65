import { VERSION } from './version.js';

export const DEFAULTS = { version: VERSION, theme: 'light', mailDigest: 'never', mailAddress: '' };
