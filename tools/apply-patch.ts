/** The tool that applies a patch: several files at once, all or none. */
import { z } from 'zod';
import { applyHunks } from './patch/apply-hunks.ts';
import { parsePatch } from './patch/parse.ts';
import { type FileChange, pathsOf } from './patch/patch.ts';
import { inside } from './paths.ts';
import { diagnostics } from './quick-checks.ts';
import { applyChanges, assertEditable, bytesOf, type Content, modeOf, textFile, withLines, withText } from './stored-files.ts';
import { defineTool, type ToolContext, ToolFailure } from './tool.ts';

/** `input` is the name that OpenAI's models know it by. */
const schema = z
  .strictObject({ input: z.string().min(1).optional(), patch: z.string().min(1).optional() })
  .refine((input) => (input.input === undefined) !== (input.patch === undefined), 'give the patch as input, and nothing else');

const changesOf = ({ input, patch }: z.output<typeof schema>): FileChange[] => parsePatch(input ?? patch ?? '');

export const applyPatch = defineTool({
  name: 'apply_patch',
  description:
    'Applies a patch to one or more files, all or none. input: *** Begin Patch, then for each file *** Update File: path (then *** Move to: path to rename) with hunks of @@ and lines that begin with blank, - or +; *** Add File: path with + lines; or *** Delete File: path; then *** End Patch. A unified diff is taken too. Each hunk must fit in exactly one place.',
  schema,
  effect: true,
  // A patch that cannot be read writes nothing.
  paths: (input) => {
    try {
      return pathsOf(changesOf(input));
    } catch (error) {
      if (error instanceof ToolFailure) return [];
      throw error;
    }
  },
  execute: async (input, context) => {
    const files = new Map<string, Content | null>();
    const told = changesOf(input).map((change) => apply(context, files, change));
    applyChanges(context, files);
    return `patched\n${told.flat().join('\n')}${await diagnostics(context)}`;
  },
});

/** Adds a change to what is to be written. Gives what was done, in words. */
function apply(context: ToolContext, files: Map<string, Content | null>, change: FileChange): string[] {
  const name = inside(change.path);
  const there = contentOf(context, files, name);
  if (change.kind === 'add') {
    if (there !== undefined) throw new ToolFailure(`${name}: is there already; change it with *** Update File`);
    files.set(name, { bytes: withText(context, name, change.content) });
    return [`added ${name}`];
  }
  if (there === undefined) throw new ToolFailure(`${name}: there is no such file`);
  if (change.kind === 'delete') {
    files.set(name, null);
    return [`deleted ${name}`];
  }
  const target = change.moveTo === undefined ? name : inside(change.moveTo);
  if (target !== name && contentOf(context, files, target) !== undefined)
    throw new ToolFailure(`${target}: is there already; ${name} cannot be moved over it`);
  const { content, remarks } = updated(context, name, there, change);
  if (target !== name) files.set(name, null);
  files.set(target, content);
  return [target === name ? `changed ${name}` : `moved ${name} to ${target}`, ...remarks.map((remark) => `(${remark})`)];
}

/** As the changes before it in the same patch leave it; undefined when it is not there. */
function contentOf(context: ToolContext, files: ReadonlyMap<string, Content | null>, name: string): Content | undefined {
  const changed = files.get(name);
  if (changed !== undefined) return changed ?? undefined;
  const bytes = bytesOf(context, name);
  return bytes === undefined ? undefined : { bytes, mode: modeOf(context, name) };
}

function updated(
  context: ToolContext,
  name: string,
  there: Content,
  { hunks }: Extract<FileChange, { kind: 'update' }>,
): { readonly content: Content; readonly remarks: readonly string[] } {
  if (hunks.length === 0) return { content: there, remarks: [] };
  const file = textFile(name, there.bytes);
  if (file === undefined) throw new ToolFailure(`${name}: is binary, ${there.bytes.length} bytes; a patch changes text`);
  assertEditable(file);
  const { lines, remarks } = applyHunks(name, file.lines, hunks);
  return { content: { ...there, bytes: withLines(context, file, lines) }, remarks };
}
