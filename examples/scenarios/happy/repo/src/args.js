/** The words of a command line: plain words, flags with a value, and switches. */
import { normalizeCategory } from './category.js';
import { parseMonth } from './dates.js';

/** How the value of each flag is read. */
const FLAGS = {
  month: parseMonth,
  category: normalizeCategory,
};
const SWITCHES = ['csv', 'help'];

/** A negative amount such as `-4.20` is a word, not a flag. */
const isFlag = (word) => word.startsWith('--');

export function parseArgs(argv) {
  const words = [];
  const flags = {};
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index];
    if (!isFlag(word)) {
      words.push(word);
      continue;
    }
    const name = word.slice(2);
    if (SWITCHES.includes(name)) {
      flags[name] = true;
    } else if (Object.hasOwn(FLAGS, name)) {
      const value = argv[(index += 1)];
      if (value === undefined || isFlag(value)) throw new Error(`--${name} needs a value`);
      flags[name] = FLAGS[name](value);
    } else {
      throw new Error(`there is no flag --${name}`);
    }
  }
  return { words, flags };
}
