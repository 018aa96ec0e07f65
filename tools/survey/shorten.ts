/** Shortens a page to a size: every section keeps its beginning and its end, and what is left out is told with its line numbers. */

/** What a note about lines that are left out takes, in bytes. */
const NOTE_BYTES = 110;
/** A section that would get less than this is not worth its note, in bytes: then the page is cut as one. */
const LEAST_SECTION_BYTES = 240;
/** Of what a section keeps, the part that is its beginning. */
const HEAD_SHARE = 0.6;

interface Section {
  /** The place of its first line in the page, from 0. */
  readonly from: number;
  readonly lines: readonly string[];
  readonly bytes: number;
}

/** At most so many bytes; the text itself where it is no longer. Sections start at Markdown headings. */
export function shorten(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  const whole = text.split('\n');
  const sections = sectionsOf(whole);
  const level = levelOf(sections, most);
  const cut = level < LEAST_SECTION_BYTES ? [] : sections;
  const parts = cut.map((section) => (section.bytes <= level ? section.lines.join('\n') : cutSection(section, level)));
  return parts.length === 0 ? cutSection({ from: 0, lines: whole, bytes: Buffer.byteLength(text) }, most) : parts.join('\n');
}

function sectionsOf(lines: readonly string[]): Section[] {
  const starts = [0];
  let inFence = false;
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:```|~~~)/.test(line)) inFence = !inFence;
    else if (!inFence && index > 0 && /^#{1,6}\s/.test(line)) starts.push(index);
  }
  return starts.map((from, index) => {
    const own = lines.slice(from, starts[index + 1] ?? lines.length);
    return { from, lines: own, bytes: bytesOf(own) };
  });
}

/** With the line end of each. */
const bytesOf = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);

/** How long each section may be so that all together fit: small ones whole, the large ones alike. */
function levelOf(sections: readonly Section[], most: number): number {
  let left = most;
  const rising = sections.map(({ bytes }) => bytes).toSorted((one, other) => one - other);
  for (const [index, bytes] of rising.entries()) {
    const share = Math.floor(left / (rising.length - index));
    if (bytes > share) return share;
    left -= bytes;
  }
  return most;
}

function cutSection({ from, lines }: Section, most: number): string {
  const room = Math.max(0, most - NOTE_BYTES);
  const head = fitting(lines, Math.floor(room * HEAD_SHARE));
  const tail = fitting(lines.slice(head).toReversed(), Math.floor(room * (1 - HEAD_SHARE)));
  const left = lines.slice(head, lines.length - tail);
  const places = left.length === 1 ? `line ${from + head + 1} is` : `lines ${from + head + 1}-${from + lines.length - tail} are`;
  const note = `[governor: ${places} left out here (${bytesOf(left)} bytes); read the file to see them]`;
  return [...lines.slice(0, head), note, ...lines.slice(lines.length - tail)].join('\n');
}

/** How many lines from the start take at most so many bytes. */
function fitting(lines: readonly string[], most: number): number {
  let left = most;
  const over = lines.findIndex((line) => {
    left -= Buffer.byteLength(line) + 1;
    return left < 0;
  });
  return over < 0 ? lines.length : over;
}
