/** The tool that shows what is different from the base. */
import { z } from 'zod';
import { inside, pathSchema } from './paths.ts';
import { defineTool } from './tool.ts';

/** Most that is shown, in bytes. */
const SHOWN_BYTES = 48 * 1024;

export const difference = defineTool({
  name: 'diff',
  description: 'Shows what is different from the base that the work is compared with, as a patch of all files or of one path.',
  schema: z.strictObject({ path: pathSchema.optional() }),
  effect: false,
  execute: async (input, context) => {
    const patch = await context.difference(input.path === undefined ? undefined : inside(input.path));
    if (patch === '') return '(no difference)';
    const bytes = Buffer.from(patch);
    if (bytes.length <= SHOWN_BYTES) return patch;
    const names = [...patch.matchAll(/^diff --git a\/(.+) b\/\1$/gm)].map((match) => match[1]);
    return `${bytes.subarray(0, SHOWN_BYTES).toString('utf8')}\n(${bytes.length - SHOWN_BYTES} bytes left out; give a path. Changed: ${names.slice(0, 100).join(', ')})`;
  },
});
