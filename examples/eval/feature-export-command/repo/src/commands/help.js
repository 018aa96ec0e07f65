export const help = {
  name: 'help',
  usage: '',
  run: (_book, _words, commands) => commands.map((command) => `${command.name} ${command.usage}`.trim()).join('\n'),
};
