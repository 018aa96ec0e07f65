/** The server, and the keys of those who call it. */
import type { Declare } from './declare.ts';

export function declareServer({ program, command, exit, io }: Declare): void {
  command('serve', 'serve the graphs of langgraph.json over HTTP')
    .option('--host <address>', 'where to listen; others than loopback need auth', '127.0.0.1')
    .option('--port <number>', '0: any free one', '2024')
    .option('--concurrency <count>', 'runs at once (default 10)')
    .action(async (flags) => exit(await (await import('../commands/serve.ts')).serveCommand(io, flags)));
  const keys = program.command('keys').description('make, list and revoke API keys of the server');
  const keyCommands = () => import('../commands/keys.ts');
  command('create', 'make a key and print it once', keys)
    .requiredOption('--name <text>', 'what it is for')
    .requiredOption('--role <role...>', 'viewer, operator, approver, admin')
    .option('--tenant <name>', 'whose rows it sees')
    .option('--owner <principal>', 'whom it acts for (default: you)')
    .option('--graph <id...>', 'graphs it may use (default: all)')
    .option('--expires <duration>', 'such as 90d, or never', '90d')
    .action(async (flags) => exit(await (await keyCommands()).createKey(io, flags)));
  command('list', 'list the keys', keys).action(async (flags) => exit(await (await keyCommands()).listKeys(io, flags)));
  command('revoke <id>', 'make a key worthless', keys).action(async (id: string, flags) =>
    exit(await (await keyCommands()).revokeKey(io, id, flags)),
  );
}
