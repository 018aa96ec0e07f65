import { heading } from './heading.js';

export const page = (title, lines) => [heading(title), ...lines].join('\n');
