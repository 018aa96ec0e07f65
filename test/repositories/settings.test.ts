import { SETTINGS } from './corpus/settings.ts';
import { releasesOn } from './releases.ts';

releasesOn(SETTINGS, { sampled: true });
