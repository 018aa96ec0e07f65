import { theme } from './0-theme.js';
import { digest } from './1-digest.js';

/** At its place the step from that version to the next. */
export const STEPS = [theme, digest];
