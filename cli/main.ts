#!/usr/bin/env node
/** The command line: parses words, opens the home only inside an action, and gives the exit code. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../runtime/package.ts';
import type { Io } from './io.ts';
import { declareOn } from './usage/declare.ts';
import { declareHome, declareWithoutHome } from './usage/home.ts';
import { declareLogin } from './usage/login.ts';
import { declarePolicy } from './usage/policy.ts';
import { declareReads } from './usage/reads.ts';
import { declareRuns } from './usage/runs.ts';
import { declareServer } from './usage/server.ts';

/** Named in the contract, and refused until their issue brings them. */
const LATER = ['knowledge', 'why'];

/** Runs one command line. Never throws; the number is the exit code (`docs/contract.md`, "Commands"). */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Command('governor')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  const declare = declareOn(program, io);
  for (const group of [declareRuns, declareReads, declareHome, declareWithoutHome, declarePolicy, declareServer, declareLogin])
    group(declare);
  for (const later of LATER)
    program
      .command(later, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .action(async () => {
        const { UsageError } = await import('../domain/errors.ts');
        throw new UsageError(`${later}: is not supported yet`);
      });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return declare.code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    return told(thrown, io);
  }
}

/** Says what went wrong, in one way for every command; the number is the exit code. */
async function told(thrown: unknown, io: Io): Promise<number> {
  const [{ codeOf, toError }, { visible }] = await Promise.all([import('../domain/errors.ts'), import('../domain/access.ts')]);
  const error = toError(thrown);
  // It may quote what a server, an issuer or a repository said.
  const message = visible(error.message);
  if (error.name === 'UsageError' || error.name === 'StopError') {
    const stop = error.name === 'StopError';
    io.stderr(`${stop ? `${codeOf(error)}: ` : ''}${message}\n`);
    return stop ? 3 : 2;
  }
  if (codeOf(error) === 'DISK_LIMIT') {
    io.stderr(`DISK_LIMIT: ${message}; free some space in the home and try again\n`);
    return 3;
  }
  io.stderr(`${message}\nthis is a defect in Governor\n${io.env['LOG_LEVEL'] === 'debug' ? `${error.stack ?? ''}\n` : ''}`);
  return 1;
}

async function isMain(): Promise<boolean> {
  const { realpathSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
}

/** Where tokens go, how they are kept, and whom to trust on the way: a repository's `.env` must not say. */
const NEVER_FROM_DOT_ENV = [
  'GOVERNOR_SERVER',
  'GOVERNOR_TOKEN',
  'GOVERNOR_INSECURE_HTTP',
  'XDG_CONFIG_HOME',
  'HOME',
  'DBUS_SESSION_BUS_ADDRESS',
];

/** `.env` of the current folder; what is set already stays. A folder of that name is no matter of ours. Gives what is wrong with it. */
async function readDotEnv(): Promise<string | undefined> {
  const { statSync } = await import('node:fs');
  if (statSync('.env', { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const before = NEVER_FROM_DOT_ENV.filter((name) => process.env[name] === undefined);
  try {
    process.loadEnvFile('.env');
    for (const name of before.filter((one) => process.env[one] !== undefined)) {
      delete process.env[name];
      process.stderr.write(`.env: ${name} is not taken from there; set it in your shell\n`);
    }
    return undefined;
  } catch (error) {
    return `.env: cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

if (await isMain()) {
  // A reader that left (`| head`, a closed terminal) ends no run; only `watch` has nothing left to do.
  let gone = false;
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', () => {
      gone = true;
    });
  // A place in the bundle becomes the line of the source.
  if (process.env['LOG_LEVEL'] === 'debug') process.setSourceMapsEnabled(true);
  const problem = await readDotEnv();
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  process.exitCode =
    problem !== undefined
      ? 2
      : await run(process.argv.slice(2), {
          stdout: (text) => process.stdout.write(text),
          stderr: (text) => process.stderr.write(text),
          env: process.env,
          isTTY: process.stdin.isTTY === true && process.stderr.isTTY === true,
          isGone: () => gone,
          size: () => ({ columns: process.stderr.columns || 80, rows: process.stderr.rows || 24 }),
        });
}
