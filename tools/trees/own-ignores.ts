/** The files in which the user says, for themselves alone, what git is to ignore: `.git/info/exclude` and `core.excludesFile`. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runGit } from '../git.ts';
import { userGitEnvironment } from '../process.ts';

/** Those that are there and say something, weakest first, as git reads them. @param common the repository's git dir. */
export async function ownIgnores(common: string): Promise<string[]> {
  const { HOME, XDG_CONFIG_HOME } = userGitEnvironment();
  const config = XDG_CONFIG_HOME || (HOME === undefined ? undefined : join(HOME, '.config'));
  const asked = await runGit(['config', '--show-scope', '-z', '--type=path', '--get-all', 'core.excludesFile'], {
    gitDir: common,
    okCodes: [1],
    asUser: { filters: [] },
  });
  const words = asked.stdout.toString('utf8').split('\0');
  const named = words.filter((_, index) => index % 2 === 1 && words[index - 1] !== 'command').at(-1);
  const global = named ?? (config === undefined ? undefined : join(config, 'git', 'ignore'));
  const files = [global === undefined || global === '' ? undefined : resolve(HOME ?? '/', global), join(common, 'info', 'exclude')];
  return files.filter((file): file is string => file !== undefined && saysSomething(file));
}

function saysSomething(file: string): boolean {
  try {
    return existsSync(file) && /^[^#\s]/m.test(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}
