import { CHECKOUTS } from './corpus/checkouts.ts';
import { releasesOn } from './releases.ts';

releasesOn(CHECKOUTS);
