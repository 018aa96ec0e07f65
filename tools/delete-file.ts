/** The tool that deletes a file. */
import { z } from 'zod';
import { inside, pathSchema } from './paths.ts';
import { diagnostics } from './quick-checks.ts';
import { remove } from './stored-files.ts';
import { defineTool } from './tool.ts';

export const deleteFile = defineTool({
  name: 'delete_file',
  description: 'Deletes a file.',
  schema: z.strictObject({ path: pathSchema }),
  effect: true,
  execute: async (input, context) => {
    const name = inside(input.path);
    remove(context, name);
    return `deleted ${name}${await diagnostics(context)}`;
  },
});
