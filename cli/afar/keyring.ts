/** The keyring of the desktop: the Secret Service of Linux by `secret-tool`, the keychain of macOS by `security`. */
import { accessSync, constants } from 'node:fs';
import { type ProcessResult, runProcess } from '../../tools/process.ts';

export interface Keyring {
  /** False where it does not take the text. */
  store(server: string, text: string): Promise<boolean>;
  lookup(server: string): Promise<string | undefined>;
  clear(server: string): Promise<void>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** By fixed places alone: a `PATH` may lead into a repository, whose program would be handed the token. */
export interface Programs {
  readonly secretTool: readonly string[];
  readonly security: readonly string[];
}
const PROGRAMS: Programs = {
  secretTool: ['/usr/bin/secret-tool', '/usr/local/bin/secret-tool', '/run/current-system/sw/bin/secret-tool'],
  security: ['/usr/bin/security'],
};
/** Long enough for a person to unlock it. */
const TIMEOUT_MS = 60_000;
/** `security -i` reads lines of 4096 bytes; a longer text is kept in the file. */
const MAX_SECURITY_BYTES = 2800;
const PASSED = ['HOME', 'DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR', 'DISPLAY', 'WAYLAND_DISPLAY'];

/** Undefined where none is there. */
export function findKeyring(env: Env, programs: Programs = PROGRAMS): Keyring | undefined {
  const call = caller(env);
  const security = programs.security.find(isProgram);
  if (security !== undefined) return keychain((argv, stdin) => call([security, ...argv], stdin));
  const secretTool = programs.secretTool.find(isProgram);
  const hasBus = (env['DBUS_SESSION_BUS_ADDRESS'] ?? '') !== '';
  return secretTool === undefined || !hasBus ? undefined : secretService((argv, stdin) => call([secretTool, ...argv], stdin));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Call = (argv: readonly string[], stdin?: string) => Promise<ProcessResult | undefined>;

function caller(env: Env): Call {
  const kept = PASSED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return async (argv, stdin) =>
    runProcess(argv, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', ...Object.fromEntries(kept) },
      timeoutMs: TIMEOUT_MS,
      outputBytes: 64 * 1024,
      ...(stdin === undefined ? {} : { stdin }),
    }).catch(() => undefined);
}

const said = (result: ProcessResult | undefined): string | undefined =>
  result?.exitCode === 0 ? result.stdout.toString('utf8').trim() || undefined : undefined;

/** The text goes by standard input: arguments are for every process to see. */
function secretService(call: Call): Keyring {
  const attributes = (server: string): string[] => ['application', 'governor', 'server', server];
  const lookup = async (server: string): Promise<string | undefined> => said(await call(['lookup', ...attributes(server)]));
  return {
    store: async (server, text) => {
      await call(['store', `--label=Governor at ${server}`, ...attributes(server)], text);
      return (await lookup(server)) === text;
    },
    lookup,
    clear: async (server) => void (await call(['clear', ...attributes(server)])),
  };
}

function keychain(call: Call): Keyring {
  const place = (server: string): string[] => ['-a', server, '-s', 'governor'];
  const lookup = async (server: string): Promise<string | undefined> => {
    const text = said(await call(['find-generic-password', ...place(server), '-w']));
    return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8');
  };
  return {
    store: async (server, text) => {
      const encoded = Buffer.from(text).toString('base64');
      if (encoded.length > MAX_SECURITY_BYTES || /["\\\s]/.test(server)) return false;
      await call(['-i'], `add-generic-password -U -a "${server}" -s governor -w ${encoded}\n`);
      return (await lookup(server)) === text;
    },
    lookup,
    clear: async (server) => void (await call(['delete-generic-password', ...place(server)])),
  };
}
