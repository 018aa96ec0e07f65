/** Masks secrets in a text that comes in pieces: what may be the beginning of one is held back until the next pieces have told. */
import { createRedactor, formsOf, MASK, OPENINGS, SHAPE_CHARACTERS, secretsIn } from './redact.ts';

export interface StreamRedactor {
  /** What can be shown by now; often a part of the piece, or nothing. */
  push(piece: string): string;
  /** The rest, once no piece follows. */
  end(): string;
}

/** At most so much is held back, in characters; a longer known secret raises it to its own length. */
const HELD_CHARACTERS = 4096;
/** The label of a private key is shorter than this; so much is kept to know its last line by. */
const KEY_LABEL = 120;

const KEY_BEGIN = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const KEY_END = /-----END [A-Z ]*PRIVATE KEY-----/;
const KEY_OPENS = new RegExp(`(?:-----(?:B|BE|BEG|BEGI|BEGIN|BEGIN [A-Z ]{0,${KEY_LABEL}}-{0,4})|-{1,5})$`);

const beginnings = [...new Set(OPENINGS.flatMap((opening) => Array.from(opening, (_one, index) => opening.slice(0, index + 1))))];
const OPENING = new RegExp(`\\b(?:${OPENINGS.join('|')})`);
const OPENS = new RegExp(`\\b(?:${beginnings.join('|')})$`);
const RUN = new RegExp(`^[${SHAPE_CHARACTERS}]*`);
const CHARACTER = new RegExp(`[${SHAPE_CHARACTERS}]`);

/** Where the text is: as it is, in a private key, or in a word that was too long to wait for. */
type Within = 'text' | 'key' | 'word';

/**
 * Makes one for each text. Put together, what it shows is what `createRedactor` makes of the whole text; only a word of more than 4096
 * characters that begins as a secret does is masked whatever it is, so that nothing grows without a bound.
 */
export function createStreamRedactor(secrets: readonly string[]): () => StreamRedactor {
  const redact = createRedactor(secrets);
  const known = formsOf(secrets);
  const most = Math.max(HELD_CHARACTERS, ...known.map((value) => value.length));
  return () => {
    let held = '';
    let within: Within = 'text';
    const show = (text: string): string => {
      const key = openKey(text);
      const cut = safeCut(text, known, key);
      const shown = redact(text.slice(0, cut));
      held = text.slice(cut);
      within = cut === key ? 'key' : held.length > most ? 'word' : 'text';
      return within === 'text' ? shown : `${shown}${MASK}`;
    };
    const goOn = (rest: string): string => {
      within = 'text';
      return show(rest);
    };
    return {
      push: (piece) => {
        if (within === 'text') return show(held + piece);
        const rest = within === 'key' ? afterKey(held + piece) : piece.replace(RUN, '');
        if (rest !== undefined && rest !== '') return goOn(rest);
        if (rest === undefined) held = (held + piece).slice(-KEY_LABEL);
        else if (within === 'key') goOn('');
        return '';
      },
      end: () => {
        const rest = within === 'text' ? redact(held) : '';
        goOn('');
        return rest;
      },
    };
  };
}

/** Where a private key begins whose end has not come. */
function openKey(text: string): number | undefined {
  for (let from = 0; ; ) {
    const begin = KEY_BEGIN.exec(text.slice(from));
    if (begin === null) return undefined;
    const rest = afterKey(text.slice(from + begin.index));
    if (rest === undefined) return from + begin.index;
    from = text.length - rest.length;
  }
}

function afterKey(text: string): string | undefined {
  const end = KEY_END.exec(text);
  return end === null ? undefined : text.slice(end.index + end[0].length);
}

/** The text up to here holds no part of a secret whose other part stands behind it, or is still to come. */
function safeCut(text: string, known: readonly string[], key: number | undefined): number {
  const opens = [key ?? -1, shapeOpens(text), text.search(KEY_OPENS), ...known.map((value) => beginsAt(text, value))];
  let cut = Math.min(text.length, ...opens.filter((at) => at >= 0));
  if (cut === text.length) return cut;
  const whole = secretsIn(text, known);
  for (let across = whole.find(inside(cut)); across !== undefined; across = whole.find(inside(cut))) [cut] = across;
  return cut;
}

/** Where in the word at the end of a text a shape may begin; -1: nowhere. */
function shapeOpens(text: string): number {
  let start = text.length;
  while (start > 0 && CHARACTER.test(text[start - 1] ?? '')) start -= 1;
  const word = text.slice(start);
  const whole = word.search(OPENING);
  const at = whole < 0 ? word.search(OPENS) : whole;
  return at < 0 ? -1 : start + at;
}

const inside =
  (cut: number) =>
  ([start, end]: readonly [number, number]): boolean =>
    start < cut && cut < end;

/** Where the end of the text is the beginning of a value; -1: nowhere. */
function beginsAt(text: string, value: string): number {
  for (let at = Math.max(0, text.length - value.length + 1); at < text.length; at += 1)
    if (text[at] === value[0] && value.startsWith(text.slice(at))) return at;
  return -1;
}
