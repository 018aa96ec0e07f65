/** The files of submodules for the file tools: read where commands see them, written never. */
import { isBelow } from './mounts.ts';
import { type ToolContext, ToolFailure } from './tool.ts';

type Links = Pick<ToolContext, 'links'>;

/** A folder and a path in it; the path of the folder itself is ''. */
interface Place {
  readonly folder: string;
  readonly name: string;
}

const submodules = ({ links }: Links) => links.filter(({ submodule }) => submodule === true);

/** Where a path is read: in the work tree, or in the innermost submodule that it lies in. */
export function readPlace(context: Links & Pick<ToolContext, 'folder'>, name: string): Place {
  const around = submodules(context).filter(({ at }) => at === name || isBelow(name, at));
  const innermost = around.toSorted((one, other) => other.at.length - one.at.length)[0];
  return innermost === undefined ? { folder: context.folder, name } : { folder: innermost.from, name: name.slice(innermost.at.length + 1) };
}

/** The names of submodules that stand right in a folder; '' is the top. */
export const submodulesIn = (context: Links, folder: string): string[] =>
  submodules(context).flatMap(({ at }) => {
    const slash = at.lastIndexOf('/');
    return at.slice(0, Math.max(slash, 0)) === folder ? [at.slice(slash + 1)] : [];
  });

/** @throws ToolFailure that says how a submodule is changed or removed. */
export function assertNoSubmodule(context: Links, name: string): void {
  const found = submodules(context).find(({ at }) => at === name || isBelow(name, at));
  if (found?.at === name)
    throw new ToolFailure(`${name}: is a submodule; to remove it take its section out of .gitmodules, and its link goes with it`);
  if (found !== undefined)
    throw new ToolFailure(`${name}: lies in the submodule ${found.at}, which is read-only here: its files belong to another repository`);
}
