/** The commands that make a server know its person. */
import type { Declare } from './declare.ts';

export function declareLogin({ commandAfar, exit, io }: Declare): void {
  const login = () => import('../commands/login.ts');
  commandAfar('login', 'sign in at a server, with a key or in a browser')
    .option('--key', 'with a key, from the terminal or the standard input; where the server names no issuer, always')
    .option('--issuer <url>', 'an OpenID Connect issuer with the device code grant (default: what the server names)')
    .option('--client-id <id>', 'the client that people sign in as there')
    .option('--scope <words>', 'what is asked for there')
    .option('--audience <name>', 'for issuers that need it')
    .action(async (flags) => exit(await (await login()).loginCommand(io, flags)));
  commandAfar('logout', 'forget the sign-in at a server').action(async (flags) => exit(await (await login()).logoutCommand(io, flags)));
}
