import { parseLine } from './csv.js';

/** One object a row, by the names of the first line. */
export function tableOf(text) {
  const [head = '', ...rows] = text.split('\n').filter((line) => line !== '');
  const names = parseLine(head);
  return rows.map((row) => Object.fromEntries(parseLine(row).map((field, index) => [names[index], field])));
}
