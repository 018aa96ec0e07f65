import { settingLine } from './setting-line.js';

/** As the settings page prints them. */
export const show = (settings) =>
  [settingLine('theme', settings.theme), settingLine('mail', settings.mailDigest), settingLine('to', settings.mailAddress)].join('\n');
