/** The program without its disk and terminal: both come in as functions. */
import { parseArgs } from './args.js';
import { toCsv } from './csv.js';
import { createEntry, formatEntry } from './entry.js';
import { balance, select, sorted } from './ledger.js';
import { formatMoney } from './money.js';
import { parseLedger } from './parser.js';
import { listing, monthlyReport } from './report.js';

const USAGE = `usage: tally <file> balance | list | report [--month 2026-01] [--category food] [--csv]
       tally <file> add <date> <amount> <category> [description]`;

const COMMANDS = {
  balance: (entries) => formatMoney(balance(entries)),
  list: (entries, { csv }) => (csv ? toCsv(sorted(entries)) : listing(entries)),
  report: (entries) => monthlyReport(entries),
};

/** Gives the exit code: 0 done, 1 a ledger or file that is wrong, 2 a command line that is wrong. */
export async function run(argv, { read, append, print, complain }) {
  let words;
  let flags;
  try {
    ({ words, flags } = parseArgs(argv));
  } catch (error) {
    complain(`${error.message}\n${USAGE}`);
    return 2;
  }
  const [file, command, ...rest] = words;
  if (flags.help) {
    print(USAGE);
    return 0;
  }
  if (file === undefined || (command !== 'add' && !Object.hasOwn(COMMANDS, command ?? ''))) {
    complain(USAGE);
    return 2;
  }
  try {
    if (command === 'add') {
      const [date, amount, category, ...description] = rest;
      if (category === undefined) throw new Error('add needs a date, an amount and a category');
      await append(file, formatEntry(createEntry({ date, amount, category, description: description.join(' ') })));
      return 0;
    }
    const entries = parseLedger(await read(file));
    print(COMMANDS[command](select(entries, flags), flags));
    return 0;
  } catch (error) {
    complain(`tally: ${error.message}`);
    return 1;
  }
}
