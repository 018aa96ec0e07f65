import { NAMED } from './corpus/names.ts';
import { releasesOn } from './releases.ts';

releasesOn(NAMED);
