import { problem } from './problem.js';

export function parse(text) {
  const value = JSON.parse(text);
  return value !== null && typeof value === 'object' ? value : problem('are no object');
}
