/** Finds the declared `file:` packages by their names, as an installer would. */
import { register } from 'node:module';

register('./packages-hooks.mjs', import.meta.url);
