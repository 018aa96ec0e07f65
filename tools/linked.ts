/** Folders that `workspace.link` shares, looked at before a run: are they there, and do their programs work where a sandbox shows them? */
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { shownFolders } from './bwrap-arguments.ts';

/** Of a file that is looked at for its first line, in bytes. */
const FIRST_LINE_BYTES = 512;
/** Links that are followed from one program. */
const MAX_FOLLOWED = 20;
/** Folders of programs in a linked folder. */
const PROGRAM_FOLDERS = ['bin', '.bin'];

export interface LinkFindings {
  /** The run could not do its checks. */
  readonly problems: readonly string[];
  /** A check may fail. */
  readonly warnings: readonly string[];
}

interface Looked {
  /** Top folder of the repository. */
  readonly path: string;
  readonly link: readonly string[];
  /** Setup steps may make what is not there. */
  readonly hasSetup: boolean;
  /** Commands of checks and of `release.verify`. */
  readonly commands: readonly (readonly string[])[];
}

export function lookAtLinks({ path, link, hasSetup, commands }: Looked): LinkFindings {
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const at of link) {
    const from = join(path, at);
    if (!existsSync(from)) {
      if (!hasSetup)
        problems.push(`workspace.link ${at}: ${from} is not there; make it (install the dependencies), or take it out of workspace.link`);
      continue;
    }
    const named = commands
      .flat()
      .map(normalize)
      .filter((word) => word.startsWith(`${at}/`));
    const broken = named.flatMap((word) => elsewhere(path, join(path, word)) ?? []);
    if (broken[0] !== undefined) problems.push(`workspace.link ${at}: ${broken[0]}, and a check runs it; ${MEND}`);
    else {
      const some = programsOf(from).flatMap((file) => elsewhere(path, file) ?? [])[0];
      if (some !== undefined) warnings.push(`workspace.link ${at}: ${some}; a check that runs it will fail: ${MEND}`);
    }
  }
  return { problems, warnings };
}

const MEND =
  'name the module instead (python3 -m pytest), or make the folder in workspace.setup, where it is made at its place in the sandbox';

function programsOf(from: string): string[] {
  return PROGRAM_FOLDERS.map((name) => join(from, name))
    .filter((folder) => existsSync(folder) && lstatSync(folder).isDirectory())
    .flatMap((folder) =>
      readdirSync(folder)
        .toSorted()
        .map((name) => join(folder, name)),
    );
}

/** Says where a program leads that a sandbox does not show; undefined where it stays in the repository or among what is shown. */
function elsewhere(path: string, file: string, followed = 0): string | undefined {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined || followed > MAX_FOLLOWED) return undefined;
  if (stat.isSymbolicLink()) {
    const written = readlinkSync(file);
    const target = resolve(dirname(file), written);
    if (isShown(target)) return undefined;
    if (isAbsolute(written) || !isBelow(target, path)) return `${file} leads to ${target}, which commands in the sandbox do not see`;
    return elsewhere(path, target, followed + 1);
  }
  const first = stat.isFile() ? firstLine(file) : '';
  const interpreter = /^#!\s*(\/\S+)/.exec(first)?.[1];
  if (interpreter === undefined || isShown(interpreter)) return undefined;
  return `${file} begins with ${first.trim()}, which commands in the sandbox do not see`;
}

function firstLine(file: string): string {
  const open = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(FIRST_LINE_BYTES);
    return bytes.subarray(0, readSync(open, bytes)).toString('latin1').split('\n')[0] ?? '';
  } finally {
    closeSync(open);
  }
}

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Does a sandbox show that path of the machine, under its own name? */
const isShown = (path: string): boolean => shownFolders().some((folder) => isBelow(path, folder) || isBelow(path, realpathSync(folder)));
