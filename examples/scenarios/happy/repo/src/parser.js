/** Reads a ledger: one entry a line, `#` begins a comment line. */
import { createEntry } from './entry.js';

const LINE = /^(\S+)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/;

export function parseLine(line) {
  const match = LINE.exec(line);
  if (match === null) throw new Error('expected: date amount category description');
  const [, date, amount, category, description] = match;
  return createEntry({ date, amount, category, description });
}

/** All entries in the order of the file. An error names the line. */
export function parseLedger(text) {
  const entries = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    try {
      entries.push(parseLine(line));
    } catch (error) {
      throw new Error(`line ${index + 1}: ${error.message}`);
    }
  }
  return entries;
}
