import { greeting } from './greeting.js';
import { signature } from './signature.js';

export const letter = (to, from, text) => [greeting(to), text, signature(from)].join('\n');
