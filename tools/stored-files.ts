/** Reads and writes the files of a work tree: encodings and endings are kept, and of several files all are written or none. */
import { chmodSync, lchownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { assertSecretsKept } from './edit/secrets-kept.ts';
import { regular, withParent } from './paths.ts';
import { assertNoSubmodule, readPlace } from './submodule-files.ts';
import { decodeText, type Encoding, encodeText, encodingWords, missingCharacter, UTF_8 } from './text/encoding.ts';
import { flatOf, type Line, linesOf, replaceRange, textOf } from './text/lines.ts';
import { type ToolContext, ToolFailure } from './tool.ts';

/** Largest file that is written, in bytes. */
const MAX_WRITE_BYTES = 1024 * 1024;
/** Largest file that is read, in bytes: its lines are held in memory, each in about fifty. */
const MAX_READ_BYTES = 8 * 1024 * 1024;

/** A text file as it is, with what is needed to write it back. */
export interface TextFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly lines: readonly Line[];
  readonly encoding: Encoding;
}

/** What a file is to hold. `mode`: its permission bits; default those that it has. */
export interface Content {
  readonly bytes: Buffer;
  readonly mode?: number;
}

/** By path; null: the file goes. */
export type Changes = ReadonlyMap<string, Content | null>;

/** @throws ToolFailure when it is not there. */
export function readBytes(context: ToolContext, name: string): Buffer {
  const bytes = bytesOf(context, name);
  if (bytes === undefined) throw new ToolFailure(`${name}: there is no such file`);
  return bytes;
}

/** Undefined when it is not there. @throws RefusedError `PATH_DENIED` for a link; ToolFailure for a file that is too large. */
export function bytesOf(context: ToolContext, name: string): Buffer | undefined {
  if (name === '') throw new ToolFailure('path: names the folder itself');
  try {
    const at = readPlace(context, name);
    if (at.name === '') throw new ToolFailure(`${name}: is a folder`);
    return withParent(at.folder, at.name, false, (place) => {
      const stat = regular(place, name);
      if (stat === undefined) return undefined;
      if (stat.size > MAX_READ_BYTES)
        throw new ToolFailure(
          `${name}: ${stat.size} bytes; a file that tools read may have ${MAX_READ_BYTES}: look at a part of it by a command, such as head, tail or sed`,
        );
      return readFileSync(place);
    });
  } catch (error) {
    if (error instanceof ToolFailure && error.message.endsWith('there is no such file')) return undefined;
    throw error;
  }
}

/** Most lines of a file that is changed: each edit goes over all of them several times. */
const MAX_EDITED_LINES = 100_000;

/** @throws ToolFailure for a file that only a command can change. */
export function assertEditable({ name, bytes, lines }: TextFile): void {
  if (bytes.length > MAX_WRITE_BYTES)
    throw new ToolFailure(`${name}: ${bytes.length} bytes; a file that is written may have ${MAX_WRITE_BYTES}`);
  if (lines.length > MAX_EDITED_LINES)
    throw new ToolFailure(`${name}: ${lines.length} lines; a file that is edited may have ${MAX_EDITED_LINES}: change it by a command`);
}

/** Undefined for what is no text. */
export function textFile(name: string, bytes: Buffer): TextFile | undefined {
  const decoded = decodeText(bytes);
  return decoded === undefined ? undefined : { name, bytes, lines: linesOf(decoded.text), encoding: decoded.encoding };
}

/** The bytes of a file with other lines. @throws ToolFailure that says what cannot be written, before anything is. */
export function withLines(context: ToolContext, file: TextFile, lines: readonly Line[]): Buffer {
  const text = textOf(lines);
  assertSecretsKept(file.name, textOf(file.lines), text, context.redact);
  return encodedFile(file.name, text, file.encoding);
}

/** A whole file that an agent wrote: over a text file in that one's encoding and endings, else as it was given. */
export function withText(context: ToolContext, name: string, content: string): Buffer {
  const bytes = bytesOf(context, name);
  const file = bytes === undefined || bytes.length === 0 ? undefined : textFile(name, bytes);
  if (file === undefined) return encodedFile(name, content, UTF_8);
  const unmarked = content.startsWith('\ufeff') ? content.slice(1) : content;
  return withLines(context, file, replaceRange(file.lines, 0, flatOf(file.lines).length, unmarked));
}

function encodedFile(name: string, text: string, encoding: Encoding): Buffer {
  const missing = missingCharacter(text, encoding);
  if (missing !== undefined) {
    const code = `U+${(missing.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    const shown = /\p{Surrogate}/u.test(missing) ? `half a character (${code})` : `${JSON.stringify(missing)} (${code})`;
    throw new ToolFailure(
      `${name}: its encoding is ${encodingWords(encoding) ?? encoding.name}, which does not have ${shown}; nothing was written. Write it without that character, or convert the file first by a command`,
    );
  }
  const bytes = encodeText(text, encoding);
  if (bytes.length > MAX_WRITE_BYTES) throw new ToolFailure(`${name}: ${bytes.length} bytes; a file may have ${MAX_WRITE_BYTES}`);
  return bytes;
}

/** Writes and removes files. When one fails, those before it are put back. */
export function applyChanges(context: ToolContext, changes: Changes): void {
  for (const name of changes.keys()) assertNoSubmodule(context, name);
  const done: { readonly name: string; readonly before: Buffer | undefined; readonly mode: number | undefined }[] = [];
  try {
    for (const [name, content] of changes) {
      const before = bytesOf(context, name);
      const mode = before === undefined ? undefined : modeOf(context, name);
      if (content === null) remove(context, name);
      else write(context, name, content.bytes, content.mode ?? mode);
      done.push({ name, before, mode });
    }
  } catch (error) {
    for (const { name, before, mode } of done.toReversed()) {
      if (before === undefined) remove(context, name);
      else write(context, name, before, mode);
    }
    throw error;
  }
}

/** The permission bits of a file that is there. */
export function modeOf(context: ToolContext, name: string): number {
  const at = readPlace(context, name);
  return withParent(at.folder, at.name, false, (place) => statSync(place).mode & 0o777);
}

/** A link goes itself, not what it leads to. */
export function remove(context: ToolContext, name: string): void {
  assertNoSubmodule(context, name);
  withParent(context.folder, name, false, (place) => {
    if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true) throw new ToolFailure(`${name}: is a folder; delete its files`);
    rmSync(place);
  });
}

/** Temporary name, then rename; the execute bit and the folder's owner stay. */
function write(context: ToolContext, name: string, bytes: Buffer, mode: number | undefined): void {
  withParent(context.folder, name, true, (place) => {
    regular(place, name);
    const temporary = `${place}.governor-tmp`;
    writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o644 });
    try {
      if (mode !== undefined) chmodSync(temporary, mode);
      const owner = statSync(context.folder);
      if (process.getuid?.() === 0 && owner.uid !== 0) lchownSync(temporary, owner.uid, owner.gid);
      renameSync(temporary, place);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}
