/** How this person is known at each server: a key or a token, in the keyring where there is one, else in a file of its own. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../domain/errors.ts';
import { sha256 } from '../../domain/ids.ts';
import { pause } from './exchange.ts';
import { findKeyring, type Keyring } from './keyring.ts';
import { quoted } from './printed-commands.ts';
import { readPrivate, writePrivate } from './private-file.ts';

const renewalSchema = z.strictObject({
  refreshToken: z.string(),
  tokenEndpoint: z.string(),
  clientId: z.string(),
  revocationEndpoint: z.string().optional(),
});
const signInSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('key'), server: z.string(), token: z.string() }),
  z.strictObject({
    kind: z.literal('oidc'),
    server: z.string(),
    issuer: z.string(),
    token: z.string(),
    /** Ms since 1970; null: the issuer did not say. */
    expiresAt: z.number().nullable(),
    renewal: renewalSchema.optional(),
  }),
]);
export type SignIn = z.infer<typeof signInSchema>;

/** Says that the keyring has it, so that nobody is asked to unlock one for nothing. */
const inKeyring = z.strictObject({ kind: z.literal('keyring'), server: z.string() });

/** A lock that its process has not touched for so long was left by one that died, in ms; a living one does so more often. */
const LOCK_MS = 30_000;
const TOUCH_MS = 5000;
const LOCK_POLL_MS = 100;

type Env = Readonly<Record<string, string | undefined>>;

export interface SignIns {
  /** @throws UsageError where the file is not private, or not readable. */
  read(server: string): Promise<SignIn | undefined>;
  /** @returns where it is kept, in words. */
  write(signIn: SignIn): Promise<string>;
  remove(server: string): Promise<void>;
  /** One process at a time: an issuer takes a refresh token once. */
  alone<T>(server: string, work: () => Promise<T>): Promise<T>;
}

/** The folder of the user's own settings. */
export function configFolder(env: Env): string {
  const config = env['XDG_CONFIG_HOME'] ?? '';
  // The XDG specification: a relative path is invalid and ignored.
  return join(isAbsolute(config) ? config : join(env['HOME'] || homedir(), '.config'), 'governor');
}

export function openSignIns(env: Env, keyring: Keyring | undefined = findKeyring(env)): SignIns {
  const fileOf = (server: string): string => join(configFolder(env), 'sign-ins', `${sha256(server).slice(0, 32)}.json`);
  const parsed = (server: string, text: string): SignIn => {
    const found = signInSchema.safeParse(jsonOrNothing(text));
    // A sign-in is for one server, wherever it was copied to.
    if (found.success && found.data.server === server) return found.data;
    throw new UsageError(`${fileOf(server)}: holds no sign-in at ${server}; delete it, and run: governor login --server ${quoted(server)}`);
  };
  return {
    read: async (server) => {
      const text = readPrivate(fileOf(server));
      if (text === undefined) return undefined;
      if (!inKeyring.safeParse(jsonOrNothing(text)).success) return parsed(server, text);
      const kept = await keyring?.lookup(server);
      if (kept === undefined)
        throw new UsageError(
          `the keyring has no sign-in at ${server}, or is locked; unlock it, or run: governor login --server ${quoted(server)}`,
        );
      return parsed(server, kept);
    },
    write: async (signIn) => {
      const text = JSON.stringify(signIn);
      const kept = (await keyring?.store(signIn.server, text)) === true;
      const file = fileOf(signIn.server);
      writePrivate(file, kept ? JSON.stringify({ kind: 'keyring', server: signIn.server }) : text);
      return kept ? 'the keyring' : file;
    },
    remove: async (server) => {
      rmSync(fileOf(server), { force: true });
      await keyring?.clear(server);
    },
    alone: (server, work) => locked(`${fileOf(server)}.lock`, work),
  };
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  while (!isTaken(file)) {
    const at = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (at !== undefined && Date.now() - at > LOCK_MS) rmSync(file, { force: true });
    else await pause(LOCK_POLL_MS);
  }
  // A slow issuer, and a person who unlocks the keyring, may take longer than a lock is believed.
  const touch = setInterval(() => {
    if (isOurs(file)) utimesSync(file, new Date(), new Date());
  }, TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    if (isOurs(file)) rmSync(file, { force: true });
  }
}

/** This process, in its locks. */
const US = randomUUID();

/** False where another one took it for dead. */
function isOurs(file: string): boolean {
  try {
    return readFileSync(file, 'utf8') === US;
  } catch {
    return false;
  }
}

/** True when this process has it now. */
function isTaken(file: string): boolean {
  try {
    writeFileSync(file, US, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false; // node's own
    throw error;
  }
}
