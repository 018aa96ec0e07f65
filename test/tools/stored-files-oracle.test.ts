/**
 * 1,000 random edits by every tool that writes, over encodings and line endings, against an oracle that knows nothing of text: it has
 * the bytes of each line and of each ending, and puts them together again.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyPatch } from '../../tools/apply-patch.ts';
import { editFile } from '../../tools/edit-file.ts';
import { writeFile } from '../../tools/write-file.ts';
import { type Chance, chanceOf } from '../dice.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

/** A line as the oracle has it: where it stands in the old file is its identity. */
interface Piece {
  readonly text: string;
  readonly bytes: Buffer;
  ending: Buffer;
}

interface Charset {
  readonly name: string;
  readonly mark: readonly number[];
  /** Begins the file, so that it can be told what it is. */
  readonly first: string;
  readonly letters: readonly string[];
  readonly bytes: (letter: string) => number[];
}

const PLAIN = Array.from('abcXYZ 0189_;{}()[]+-*/$&"\'\\.^|?');
const WIDE = [...PLAIN, 'ä', 'é', 'ß', 'Ω', 'я', '日', '本', '☃', '👋', '𝒳', '\t'];
const WINDOWS: Readonly<Record<string, number>> = { '€': 0x80, '“': 0x93, '”': 0x94, '–': 0x96, Ÿ: 0x9f };

const codeUnits = (letter: string): number[] => Array.from({ length: letter.length }, (_, index) => letter.charCodeAt(index));
const littleEndian = (letter: string): number[] => codeUnits(letter).flatMap((unit) => [unit % 256, Math.floor(unit / 256)]);
const bigEndian = (letter: string): number[] => codeUnits(letter).flatMap((unit) => [Math.floor(unit / 256), unit % 256]);

/** By the table of RFC 3629, section 3. */
function utf8(letter: string): number[] {
  const code = letter.codePointAt(0) ?? 0;
  const tail = (places: number): number[] =>
    Array.from({ length: places }, (_, index) => 0x80 + (Math.floor(code / 64 ** (places - 1 - index)) % 64));
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 + Math.floor(code / 64), ...tail(1)];
  return code < 0x10000 ? [0xe0 + Math.floor(code / 4096), ...tail(2)] : [0xf0 + Math.floor(code / 262_144), ...tail(3)];
}

const LATIN = [...PLAIN, 'ä', 'é', 'ß', 'ÿ', '\u00a0', '×'];
const CHARSETS: readonly Charset[] = [
  { name: 'UTF-8', mark: [], first: 'begin', letters: WIDE, bytes: utf8 },
  { name: 'UTF-8 with a mark', mark: [0xef, 0xbb, 0xbf], first: 'begin', letters: WIDE, bytes: utf8 },
  { name: 'UTF-16LE', mark: [0xff, 0xfe], first: 'begin', letters: WIDE, bytes: littleEndian },
  { name: 'UTF-16BE', mark: [0xfe, 0xff], first: 'begin', letters: WIDE, bytes: bigEndian },
  { name: 'UTF-16LE without a mark', mark: [], first: 'begin', letters: WIDE, bytes: littleEndian },
  { name: 'UTF-16BE without a mark', mark: [], first: 'begin', letters: WIDE, bytes: bigEndian },
  { name: 'Latin-1', mark: [], first: 'é begin', letters: LATIN, bytes: codeUnits },
  {
    name: 'Windows-1252',
    mark: [],
    first: '“é” begin',
    letters: [...LATIN, ...Object.keys(WINDOWS)],
    bytes: (letter) => [WINDOWS[letter] ?? letter.charCodeAt(0)],
  },
];
const ENDINGS = ['LF', 'CRLF', 'mixed'] as const;

/** Makes lines of a charset; no two are the same. */
class Writer {
  #count = 0;
  readonly charset: Charset;
  readonly chance: Chance;
  constructor(charset: Charset, chance: Chance) {
    this.charset = charset;
    this.chance = chance;
  }
  encode(text: string): Buffer {
    return Buffer.from(Array.from(text).flatMap(this.charset.bytes));
  }
  piece(ending: Buffer, begin = `L${this.#count}`): Piece {
    this.#count += 1;
    const { below } = this.chance;
    const text = begin + Array.from({ length: below(12) }, () => this.charset.letters[below(this.charset.letters.length)]).join('') + '.';
    return { text, bytes: this.encode(text), ending };
  }
  ending(kind: (typeof ENDINGS)[number]): Buffer {
    return this.encode(kind === 'LF' || (kind === 'mixed' && this.chance.chance(50)) ? '\n' : '\r\n');
  }
}

const bytesOf = (charset: Charset, pieces: readonly Piece[]): Buffer =>
  Buffer.concat([Buffer.from(charset.mark), ...pieces.flatMap(({ bytes, ending }) => [bytes, ending])]);

/** One thing that is done to the old lines of a window, in order. */
interface Step {
  readonly kept: Piece | undefined;
  readonly gone: readonly Piece[];
  readonly come: readonly Piece[];
}

/** Some lines stay; between them some go and others come. */
function stepsFor(window: readonly Piece[], writer: Writer): Step[] {
  const dice = writer.chance;
  const none = Buffer.alloc(0);
  const come = (): Piece[] => (dice.chance(40) ? Array.from({ length: 1 + dice.below(3) }, () => writer.piece(none)) : []);
  const steps: Step[] = [];
  let gone: Piece[] = [];
  for (const piece of window) {
    if (dice.chance(45)) gone.push(piece);
    else {
      steps.push({ kept: piece, gone, come: come() });
      gone = [];
    }
  }
  return [...steps, { kept: undefined, gone, come: come() }];
}

/** Where the ending behind what was replaced stays in place, since it is no part of it: behind each replacement, or behind the last. */
type Behind = 'nowhere' | 'each' | 'last';

/** The line above and the new lines, with their endings: of the line in whose place they come, else of the line above. */
function carriedOut(above: Piece, steps: readonly Step[], behind: Behind): Piece[] {
  const result: Piece[] = [{ ...above }];
  for (const [number, { kept, gone, come }] of steps.entries()) {
    for (const [index, piece] of come.entries())
      result.push({ ...piece, ending: (gone[index] ?? gone.at(-1) ?? result.at(-1) ?? above).ending });
    const last = result.at(-1);
    const isBehind = behind === 'each' || (behind === 'last' && number === steps.length - 1);
    if (isBehind && last !== undefined) last.ending = gone.at(-1)?.ending ?? last.ending;
    if (kept !== undefined) result.push({ ...kept });
  }
  return result;
}

function at<Value>(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error(`there is no ${index}`);
  return value;
}

let world: ToolWorld;
let folder: string;
beforeAll(() => {
  world = makeToolWorld();
  folder = mkdtempSync(join(tmpdir(), 'governor-oracle-'));
});
afterAll(() => {
  world.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Case {
  readonly file: readonly Piece[];
  /** The last line before the window: it stays. */
  readonly above: number;
  readonly to: number;
  readonly steps: readonly Step[];
  readonly isEnded: boolean;
}

/** A file, and what is done to a window of it; its first line stays, so that its encoding can be told. */
function caseFor(writer: Writer, kind: (typeof ENDINGS)[number]): Case | undefined {
  const dice = writer.chance;
  const size = dice.between(3, 14);
  const file = Array.from({ length: size }, (_, index) =>
    index === 0 ? writer.piece(writer.ending(kind), writer.charset.first) : writer.piece(writer.ending(kind)),
  );
  const isEnded = dice.chance(60);
  const last = file.at(-1);
  if (!isEnded && last !== undefined) last.ending = Buffer.alloc(0);
  const above = dice.below(size - 2);
  // Where a file ends without a newline its last line stays: there is no ending in whose place a new one could come.
  const to = dice.between(above + 2, isEnded ? size : size - 1);
  const steps = stepsFor(file.slice(above + 1, to), writer);
  return steps.every((step) => step.gone.length + step.come.length === 0) ? undefined : { file, above, to, steps, isEnded };
}

interface Way {
  readonly name: string;
  readonly behind: Behind;
  readonly call: (path: string, one: Case) => Promise<string>;
}

const context = () => ({ ...world.context, folder });
const textOf = (pieces: readonly { readonly text: string }[]): string => pieces.map((piece) => piece.text).join('\n');

const WAYS: readonly Way[] = [
  {
    name: 'write_file',
    behind: 'nowhere',
    call: (path, { file, above, to, steps, isEnded }) => {
      const after = [...file.slice(0, above), ...carriedOut(at(file, above), steps, 'nowhere'), ...file.slice(to)];
      return writeFile.execute({ path, content: `${textOf(after)}${isEnded ? '\n' : ''}` }, context());
    },
  },
  {
    name: 'edit_file',
    behind: 'last',
    call: (path, { file, above, to, steps }) =>
      editFile.execute(
        { path, old_text: textOf(file.slice(above, to)), new_text: textOf(carriedOut(at(file, above), steps, 'last')) },
        context(),
      ),
  },
  {
    name: 'edit_file with edits',
    behind: 'each',
    call: (path, { file, above, steps }) => {
      let line = at(file, above);
      const edits = steps.flatMap(({ kept, gone, come }) => {
        const edit = { old_text: textOf([line, ...gone]), new_text: textOf([line, ...come]) };
        line = kept ?? line;
        return gone.length + come.length === 0 ? [] : [edit];
      });
      return editFile.execute({ path, edits }, context());
    },
  },
  {
    name: 'apply_patch',
    behind: 'nowhere',
    call: (path, { file, above, steps }) => {
      const lines = steps.flatMap(({ kept, gone, come }) => [
        ...gone.map((piece) => `-${piece.text}`),
        ...come.map((piece) => `+${piece.text}`),
        ...(kept === undefined ? [] : [` ${kept.text}`]),
      ]);
      const input = ['*** Begin Patch', `*** Update File: ${path}`, '@@', ` ${at(file, above).text}`, ...lines, '*** End Patch'];
      return applyPatch.execute({ input: input.join('\n') }, context());
    },
  },
];

const ROUNDS = 1000;

test.each(WAYS.map((way, index) => ({ ...way, index })))('$name leaves the bytes of the oracle', async ({ name, behind, call, index }) => {
  let compared = 0;
  for (let round = index; compared < ROUNDS / WAYS.length; round += WAYS.length) {
    const turn = Math.floor(round / WAYS.length);
    const charset = at(CHARSETS, turn % CHARSETS.length);
    const kind = at(ENDINGS, Math.floor(turn / CHARSETS.length) % ENDINGS.length);
    const one = caseFor(new Writer(charset, chanceOf(round)), kind);
    if (one === undefined) continue;
    const { file, above, to, steps } = one;
    const path = join(folder, 'file.txt');
    writeFileSync(path, bytesOf(charset, file));
    await call('file.txt', one);
    const after = [...file.slice(0, above), ...carriedOut(at(file, above), steps, behind), ...file.slice(to)];
    const title = `${name}, round ${round}: ${charset.name}, ${kind}`;
    expect([title, readFileSync(path).toString('hex')]).toEqual([title, bytesOf(charset, after).toString('hex')]);
    compared += 1;
  }
});
