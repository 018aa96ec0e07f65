/** The tool that lists files. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { pathMatcher } from '../domain/patterns.ts';
import { globHint } from './glob-argument.ts';
import { inside, pathSchema, withParent } from './paths.ts';
import { defineTool, ToolFailure } from './tool.ts';

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
      for (const entry of readdirSync(join(context.folder, at), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        const name = at === '' ? entry.name : `${at}/${entry.name}`;
        if (names.length > MAX_NAMES || entry.name === '.git' || entry.name === 'node_modules') continue;
        if (entry.isDirectory()) walk(name);
        else if (matches(name) || matches(below === '' ? name : name.slice(below.length + 1)))
          names.push(entry.isSymbolicLink() ? `${name} (link)` : name);
      }
    };
    if (below === '') walk('');
    else
      withParent(context.folder, below, false, (place) => {
        if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) throw new ToolFailure(`${below}: there is no such folder`);
        walk(below);
      });
    const shown = names.slice(0, MAX_NAMES);
    return shown.length === 0
      ? `(no files)${globHint(input.glob)}`
      : `${shown.join('\n')}${names.length > MAX_NAMES ? `\n(cut at ${MAX_NAMES} names; use path or glob)` : ''}`;
  },
});
