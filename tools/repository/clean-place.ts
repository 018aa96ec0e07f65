/** Our own git dir for a repository: no hook, filter, driver or setting of theirs; their objects, in their format and with their rights. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGit } from '../git.ts';
import type { RepositoryPlace } from './place.ts';

/** `common`: the user's git dir. */
export async function cleanPlace(common: string, stateFolder: string): Promise<RepositoryPlace['clean']> {
  const gitDir = join(stateFolder, 'git', createHash('sha256').update(common).digest('hex').slice(0, 24));
  for (const name of ['refs', 'objects', 'info']) mkdirSync(join(gitDir, name), { recursive: true, mode: 0o700 });
  linkTo(join(common, 'shallow'), join(gitDir, 'shallow'));
  put(join(gitDir, 'config'), configText(await settingsOf(common)));
  put(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n');
  return { gitDir, objects: join(common, 'objects') };
}

/** Settings without which their objects could not be read or would get other rights. */
const KEPT = ['core.sharedrepository', 'extensions.objectformat'] as const;

async function settingsOf(common: string): Promise<ReadonlyMap<string, string>> {
  const file = join(common, 'config');
  // Almost no repository has one: git is only asked where the words are there, or could be in another file.
  if (!existsSync(file) || !/sharedrepository|objectformat|include/i.test(readFileSync(file, 'utf8'))) return new Map();
  const asked = ['config', '-z', '--get-regexp', `^(${KEPT.map((key) => key.replace('.', '\\.')).join('|')})$`];
  const rows = (await runGit(asked, { gitDir: common, okCodes: [1] })).stdout.toString('utf8').split('\0');
  // A key without a value is true.
  return new Map(rows.filter((row) => row !== '').map((row) => [row.split('\n')[0] ?? '', row.split('\n')[1] ?? 'true']));
}

function configText(settings: ReadonlyMap<string, string>): string {
  const shared = settings.get('core.sharedrepository');
  const format = settings.get('extensions.objectformat');
  return [
    '[core]',
    `\trepositoryformatversion = ${format === undefined ? 0 : 1}`,
    '\tbare = false',
    ...(shared === undefined ? [] : [`\tsharedRepository = ${JSON.stringify(shared)}`]),
    ...(format === undefined ? [] : ['[extensions]', `\tobjectFormat = ${JSON.stringify(format)}`]),
    '',
  ].join('\n');
}

/** Where history ends in a shallow clone, whether that file is there or not. Another process may make the link meanwhile. */
function linkTo(target: string, at: string): void {
  const isLinked = (): boolean => lstatSync(at, { throwIfNoEntry: false }) !== undefined;
  try {
    if (!isLinked()) symlinkSync(target, at);
  } catch (error) {
    if (!isLinked()) throw error;
  }
}

/** Written only where it is another; another process may read it meanwhile. */
function put(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}
