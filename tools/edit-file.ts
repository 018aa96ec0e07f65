/** The tool that replaces text in a file. */
import { z } from 'zod';
import { applyEdits } from './edit/apply-edits.ts';
import { inside, pathSchema } from './paths.ts';
import { diagnostics } from './quick-checks.ts';
import { applyChanges, assertEditable, readBytes, textFile, withLines } from './stored-files.ts';
import { defineTool, ToolFailure } from './tool.ts';

const MAX_EDITS = 100;

const old_text = z.string().min(1);
const new_text = z.string();
const replace_all = z.boolean().optional();

const schema = z
  .strictObject({
    path: pathSchema,
    old_text: old_text.optional(),
    new_text: new_text.optional(),
    replace_all,
    edits: z.array(z.strictObject({ old_text, new_text, replace_all })).min(1).max(MAX_EDITS).optional(),
  })
  .refine((input) => {
    const hasOne = input.old_text !== undefined && input.new_text !== undefined;
    const hasPart = input.old_text !== undefined || input.new_text !== undefined || input.replace_all !== undefined;
    return input.edits === undefined ? hasOne : !hasPart;
  }, 'give either old_text and new_text, or edits');

export const editFile = defineTool({
  name: 'edit_file',
  description:
    'Replaces old_text by new_text in a file; old_text must occur exactly once (replace_all: anywhere). edits makes several such replacements, in order, all or none. Encoding and line endings are kept; write \\n for a line ending.',
  schema,
  effect: true,
  execute: async (input, context) => {
    const name = inside(input.path);
    const bytes = readBytes(context, name);
    const file = textFile(name, bytes);
    if (file === undefined) throw new ToolFailure(`${name}: is binary, ${bytes.length} bytes; edit_file changes text`);
    assertEditable(file);
    const edits = input.edits ?? [{ old_text: input.old_text ?? '', new_text: input.new_text ?? '', replace_all: input.replace_all }];
    const { lines, remarks } = applyEdits(name, file.lines, edits);
    applyChanges(context, new Map([[name, { bytes: withLines(context, file, lines) }]]));
    const told = remarks.map((remark) => `\n(${remark})`).join('');
    return `edited ${name}${edits.length > 1 ? `, ${edits.length} edits` : ''}${told}${await diagnostics(context)}`;
  },
});
