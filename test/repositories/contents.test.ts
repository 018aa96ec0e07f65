import { CONTENTS } from './corpus/contents.ts';
import { releasesOn } from './releases.ts';

releasesOn(CONTENTS);
