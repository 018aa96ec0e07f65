import { DIGESTS } from './digests.js';
import { problem } from './problem.js';
import { THEMES } from './themes.js';
import { VERSION } from './version.js';

export function check(settings) {
  if (settings.version !== VERSION) problem(`version ${settings.version} is not ${VERSION}`);
  if (!THEMES.includes(settings.theme)) problem(`there is no theme ${settings.theme}`);
  if (!DIGESTS.includes(settings.mailDigest)) problem(`there is no digest ${settings.mailDigest}`);
  return settings;
}
