#!/usr/bin/env node
/** The command: connects the program to the disk and the terminal. */
import { run } from '../src/cli.js';
import { appendLine, readLedger } from '../src/store.js';

process.exitCode = await run(process.argv.slice(2), {
  read: readLedger,
  append: appendLine,
  print: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
});
