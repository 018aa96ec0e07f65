/** The tool that reads a file: text of any common encoding with its line numbers, a notebook as its cells, an image as it is where it can be seen. */
import { z } from 'zod';
import { type Picture, tooLarge } from '../domain/picture.ts';
import { unseenWords } from '../domain/picture-words.ts';
import { inside, pathSchema } from './paths.ts';
import { type ImageFacts, imageFacts, MEDIA_TYPES } from './read/image.ts';
import { notebookText } from './read/notebook.ts';
import { whyNotWhole } from './read/whole-image.ts';
import { maskedLines } from './redact.ts';
import { readBytes, type TextFile, textFile } from './stored-files.ts';
import { encodingWords } from './text/encoding.ts';
import { endingWords, textOf } from './text/lines.ts';
import { defineTool, type Output, type ToolContext } from './tool.ts';

const MAX_LINES = 2000;
const MAX_READ_BYTES = 48 * 1024;

interface Part {
  readonly start_line?: number | undefined;
  readonly end_line?: number | undefined;
}

export const readFile = defineTool({
  name: 'read_file',
  description:
    'Reads a text file with line numbers; start_line and end_line choose a part. A notebook (.ipynb) is shown as its cells, or as JSON with start_line. An image (PNG, JPEG, GIF, WebP) is shown where you can see.',
  schema: z.strictObject({ path: pathSchema, start_line: z.int().min(1).optional(), end_line: z.int().min(1).optional() }),
  effect: false,
  execute: async (input, context): Promise<Output> => {
    const name = inside(input.path);
    const bytes = readBytes(context, name);
    const image = imageFacts(bytes);
    if (image !== undefined) return shown(name, image, bytes, context.sees);
    const file = textFile(name, bytes);
    if (file === undefined) return `${name}: is binary, ${bytes.length} bytes`;
    const isWhole = input.start_line === undefined && input.end_line === undefined;
    const notebook = isWhole && name.endsWith('.ipynb') ? notebookText(textOf(file.lines), context.redact) : undefined;
    if (notebook !== undefined) return cells(name, notebook);
    const texts = file.lines.map((line) => line.text);
    return numbered(file, maskedLines(texts, context.redact), input);
  },
});

function shown(name: string, { kind, size }: ImageFacts, bytes: Buffer, sees: ToolContext['sees']): Output {
  const pixels = size === undefined ? 'of unknown size' : `${size.width} x ${size.height} pixels`;
  const facts = `${name}: ${kind} image, ${pixels}, ${bytes.length} bytes`;
  if (sees === undefined) return unseenWords(facts);
  const why =
    size === undefined || size.width * size.height === 0
      ? 'the file is broken'
      : (tooLarge({ ...size, bytes: bytes.length }) ?? whyNotWhole(kind, bytes));
  if (size === undefined || why !== undefined) return `${unseenWords(facts)}: ${why}`;
  const picture: Picture = { mediaType: MEDIA_TYPES[kind], ...size, base64: bytes.toString('base64') };
  return sees(picture) ? { content: facts, picture } : unseenWords(facts);
}

function cells(name: string, text: string): string {
  const bytes = Buffer.from(text);
  const cut = bytes.length > MAX_READ_BYTES ? `\n(${bytes.length - MAX_READ_BYTES} bytes left out)` : '';
  const shown = cut === '' ? text : bytes.subarray(0, MAX_READ_BYTES).toString('utf8');
  return `${shown}${cut}\n(${name}: the cells of a notebook; edit_file changes its JSON, which start_line shows)`;
}

function numbered(file: TextFile, lines: readonly string[], { start_line: from = 1, end_line }: Part): string {
  const to = Math.min(end_line ?? lines.length, from + MAX_LINES - 1, lines.length);
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
  const facts = [encodingWords(file.encoding), endingWords(file.lines)].filter((words) => words !== undefined);
  const kept = facts.length === 0 ? '' : `\n(${facts.join('; ')}; edits keep this)`;
  return shown.length === 0 ? `${file.name}: has ${lines.length} lines` : `${shown.join('\n')}${more}${kept}`;
}
