/** The file tools: list, read, write, edit, delete. */
import { chmodSync, lchownSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { matcher } from './globs.ts';
import { inside, regular, withParent } from './paths.ts';
import { defineTool, type Tool, type ToolContext, ToolFailure } from './tool.ts';

const path = z.string().min(1).max(1024);
const MAX_NAMES = 1000;
const MAX_LINES = 2000;
const MAX_READ_BYTES = 48 * 1024;
const MAX_WRITE_BYTES = 1024 * 1024;

const listFiles = defineTool({
  name: 'list_files',
  description: 'Lists the files below a folder, optionally only those that match a glob such as src/**/*.js.',
  schema: z.strictObject({ path: path.optional(), glob: z.string().max(300).optional() }),
  effect: false,
  execute: async (input, context) => {
    const below = input.path === undefined ? '' : inside(input.path);
    const matches = input.glob === undefined ? () => true : matcher([input.glob]);
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
      ? '(no files)'
      : `${shown.join('\n')}${names.length > MAX_NAMES ? `\n(cut at ${MAX_NAMES} names; use path or glob)` : ''}`;
  },
});

const readFile = defineTool({
  name: 'read_file',
  description: 'Reads a text file with line numbers; start_line and end_line choose a part.',
  schema: z.strictObject({ path, start_line: z.int().min(1).optional(), end_line: z.int().min(1).optional() }),
  effect: false,
  execute: async (input, context) => {
    const name = inside(input.path);
    const bytes = readBytes(context, name);
    if (bytes.subarray(0, 8000).includes(0)) return `${name}: is binary, ${bytes.length} bytes`;
    const lines = bytes.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    const from = input.start_line ?? 1;
    const to = Math.min(input.end_line ?? lines.length, from + MAX_LINES - 1, lines.length);
    let size = 0;
    const shown: string[] = [];
    for (let number = from; number <= to; number += 1) {
      const line = `${number}\t${lines[number - 1] ?? ''}`;
      size += Buffer.byteLength(line) + 1;
      if (size > MAX_READ_BYTES && shown.length > 0) break;
      shown.push(line.slice(0, MAX_READ_BYTES));
    }
    const last = from + shown.length - 1;
    const more = last < lines.length ? `\n(lines ${from} to ${last} of ${lines.length}; go on with start_line ${last + 1})` : '';
    return shown.length === 0 ? `${name}: has ${lines.length} lines` : `${shown.join('\n')}${more}`;
  },
});

const writeFile = defineTool({
  name: 'write_file',
  description: 'Writes a whole file; folders are made as needed.',
  schema: z.strictObject({ path, content: z.string() }),
  effect: true,
  execute: async (input, context) => {
    const name = inside(input.path);
    writeText(context, name, input.content);
    return `wrote ${name}, ${Buffer.byteLength(input.content)} bytes`;
  },
});

const editFile = defineTool({
  name: 'edit_file',
  description: 'Replaces old_text by new_text in a file; old_text must occur exactly once.',
  schema: z.strictObject({ path, old_text: z.string().min(1), new_text: z.string() }),
  effect: true,
  execute: async (input, context) => {
    const name = inside(input.path);
    const before = readBytes(context, name).toString('utf8');
    const times = before.split(input.old_text).length - 1;
    if (times !== 1) throw new ToolFailure(`${name}: old_text occurs ${times} times; it must occur exactly once`);
    writeText(
      context,
      name,
      before.replace(input.old_text, () => input.new_text),
    );
    return `edited ${name}`;
  },
});

const deleteFile = defineTool({
  name: 'delete_file',
  description: 'Deletes a file.',
  schema: z.strictObject({ path }),
  effect: true,
  execute: async (input, context) => {
    const name = inside(input.path);
    withParent(context.folder, name, false, (place) => {
      const stat = statSync(place, { throwIfNoEntry: false });
      if (stat?.isDirectory() === true) throw new ToolFailure(`${name}: is a folder; delete its files`);
      rmSync(place);
    });
    return `deleted ${name}`;
  },
});

function readBytes(context: ToolContext, name: string): Buffer {
  return withParent(context.folder, name, false, (place) => {
    if (regular(place, name) === undefined) throw new ToolFailure(`${name}: there is no such file`);
    return readFileSync(place);
  });
}

/** Temporary name, then rename; the execute bit and the folder's owner stay. */
function writeText(context: ToolContext, name: string, content: string): void {
  const bytes = Buffer.byteLength(content);
  if (bytes > MAX_WRITE_BYTES) throw new ToolFailure(`${name}: ${bytes} bytes; a file may have ${MAX_WRITE_BYTES}`);
  if (name === '') throw new ToolFailure('path: names the folder itself');
  withParent(context.folder, name, true, (place) => {
    const before = regular(place, name);
    const temporary = `${place}.governor-tmp`;
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o644 });
    try {
      if (before !== undefined) chmodSync(temporary, Number(before.mode) & 0o777);
      const owner = statSync(context.folder);
      if (process.getuid?.() === 0 && owner.uid !== 0) lchownSync(temporary, owner.uid, owner.gid);
      renameSync(temporary, place);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

export const FILE_TOOLS: readonly Tool[] = [listFiles, readFile, writeFile, editFile, deleteFile];
