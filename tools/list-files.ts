/** The tool that lists files. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { pathMatcher } from '../domain/patterns.ts';
import { globHint } from './glob-argument.ts';
import { inside, pathSchema, withParent } from './paths.ts';
import { readPlace, submodulesIn } from './submodule-files.ts';
import { defineTool, type ToolContext, ToolFailure } from './tool.ts';

const MAX_NAMES = 1000;

export const listFiles = defineTool({
  name: 'list_files',
  description: 'Lists the files below a folder, optionally only those that a pattern names, such as src/**/*.js or **/*.js.',
  schema: z.strictObject({ path: pathSchema.optional(), glob: z.string().max(300).optional() }),
  effect: false,
  execute: async (input, context) => {
    const below = input.path === undefined ? '' : inside(input.path);
    const matches = input.glob === undefined ? () => true : pathMatcher([input.glob]);
    const names: string[] = [];
    const walk = (at: string): void => {
      for (const { name: last, kind } of entriesOf(context, at)) {
        const name = at === '' ? last : `${at}/${last}`;
        if (names.length > MAX_NAMES || last === '.git' || last === 'node_modules') continue;
        if (kind === 'folder') walk(name);
        else if (matches(name) || matches(below === '' ? name : name.slice(below.length + 1)))
          names.push(kind === 'link' ? `${name} (link)` : name);
      }
    };
    if (below !== '') assertFolder(context, below);
    walk(below);
    const shown = names.slice(0, MAX_NAMES);
    return shown.length === 0
      ? `(no files)${globHint(input.glob)}`
      : `${shown.join('\n')}${names.length > MAX_NAMES ? `\n(cut at ${MAX_NAMES} names; use path or glob)` : ''}`;
  },
});

/** In the order of their names; a submodule is a folder, also where a command removed its place. */
function entriesOf(context: ToolContext, at: string): { name: string; kind: 'folder' | 'link' | 'file' }[] {
  const { folder, name } = readPlace(context, at);
  const inside = new Set(submodulesIn(context, at));
  const found = readdirSync(join(folder, name), { withFileTypes: true })
    .filter((entry) => !inside.has(entry.name))
    .map((entry) => ({
      name: entry.name,
      kind: entry.isDirectory() ? ('folder' as const) : entry.isSymbolicLink() ? ('link' as const) : ('file' as const),
    }));
  return [...found, ...[...inside].map((one) => ({ name: one, kind: 'folder' as const }))].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws ToolFailure; RefusedError where a folder on the way is a link. */
function assertFolder(context: ToolContext, below: string): void {
  const { folder, name } = readPlace(context, below);
  if (name === '') return;
  withParent(folder, name, false, (place) => {
    if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) throw new ToolFailure(`${below}: there is no such folder`);
  });
}
