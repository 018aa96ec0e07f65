/** The tool that writes a whole file. */
import { z } from 'zod';
import { inside, pathSchema } from './paths.ts';
import { diagnostics } from './quick-checks.ts';
import { applyChanges, withText } from './stored-files.ts';
import { defineTool } from './tool.ts';

export const writeFile = defineTool({
  name: 'write_file',
  description: 'Writes a whole file; folders are made as needed. A file that is there keeps its encoding and line endings.',
  schema: z.strictObject({ path: pathSchema, content: z.string() }),
  effect: true,
  execute: async (input, context) => {
    const name = inside(input.path);
    const bytes = withText(context, name, input.content);
    applyChanges(context, new Map([[name, { bytes }]]));
    return `wrote ${name}, ${bytes.length} bytes${await diagnostics(context)}`;
  },
});
