import { commands } from './registry.js';

/** What a command line prints. */
export function run(book, [name = 'help', ...words]) {
  const command = commands.find((one) => one.name === name);
  if (command === undefined) throw new Error(`there is no command ${JSON.stringify(name)}`);
  return command.run(book, words, commands);
}
