// What production looks at after a release: this very version does not come up.
import { Stack } from './src/stack.js';

const stack = new Stack();
if ('size' in stack) process.exit(1);
