/** The submodules that a `.gitmodules` lists, as git reads it. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GitOptions, runGit } from '../git.ts';

/** Largest file that is read, in bytes. */
const MAX_BYTES = 1024 * 1024;

export const GITMODULES = '.gitmodules';

/** Name by path, `encoding` of both. Undefined where git cannot read it: then nothing is known. `from`: the file, or a blob as `<tree>:<path>`. */
export async function listedModules(
  from: { readonly bytes: Buffer } | { readonly blob: string },
  { encoding, ...git }: GitOptions & { readonly encoding: 'utf8' | 'latin1' },
): Promise<Map<string, string> | undefined> {
  const source = 'blob' in from ? [`--blob=${from.blob}`] : ['--file=-'];
  const input = 'blob' in from ? {} : { stdin: from.bytes };
  const asked = ['config', '-z', ...source, '--no-includes', '--get-regexp', '^submodule\\..*\\.path$'];
  const { code, stdout } = await runGit(asked, { ...git, ...input, okCodes: [1, 3, 128] });
  if (code > 1) return undefined;
  const rows = stdout
    .toString(encoding)
    .split('\0')
    .map((row) => ({
      name: /^submodule\.(.*)\.path$/s.exec(row.slice(0, row.indexOf('\n')))?.[1],
      path: row.slice(row.indexOf('\n') + 1),
    }));
  return new Map(rows.flatMap(({ name, path }) => (name === undefined ? [] : [[path, name]])));
}

/** What a work tree's own file lists; empty where there is none. Undefined where it cannot be read. */
export async function modulesOnDisk(folder: string, encoding: 'utf8' | 'latin1'): Promise<Map<string, string> | undefined> {
  const file = join(folder, GITMODULES);
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return new Map();
  if (!stat.isFile() || stat.size > MAX_BYTES) return undefined;
  return listedModules({ bytes: readFileSync(file) }, { encoding });
}
