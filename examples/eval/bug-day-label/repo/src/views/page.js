import { byDay } from '../entries/by-day.js';
import { heading } from './heading.js';
import { textLine } from './text-line.js';

export function page(entries) {
  return [...byDay(entries)].map(([day, own]) => [heading(day), ...own.map(textLine)].join('\n')).join('\n\n');
}
