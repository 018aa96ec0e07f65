import { HISTORIES } from './corpus/histories.ts';
import { releasesOn } from './releases.ts';

releasesOn(HISTORIES, { sampled: true });
