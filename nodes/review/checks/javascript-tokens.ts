/** JavaScript and TypeScript as tokens, so that words in strings, comments and regular expressions are never taken for code. */

export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'sign' | 'open' | 'close';
  /** Of a text its quote alone, since what it says does not matter; of a template also the line of names before its first hole. */
  readonly value: string;
  /** It is the first of its line: `return` ends there, whatever follows. */
  readonly isFirst?: true;
  /** Of a bracket that opens: the place of the one that closes it; absent where none does. */
  readonly end?: number;
  /** Of a name: where the value of the constant begins that was last declared by it before. */
  readonly constant?: number;
}

const NAME = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
const SPACE = /\s+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y;
/** A text ends at its quote, or with its line: an apostrophe in JSX is lost with the rest of that line only. */
const QUOTED = /(["'])(?:\\[\s\S]|\\$|(?!\1)[^\\\n])*(?:\1|(?=\n)|$)/y;
const REGEX = /\/(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n]){0,500}\]|[^/\\[\n]){1,500}\/[a-z]*/y;
const TEMPLATE = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y;
const SIGN = /\?\.(?!\d)|=>|\.\.\.|[^\s]/y;
/** After these words and signs a slash begins a regular expression. */
const BEFORE_REGEX = /^(?:return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield)$/;

/** In order; nothing is thrown for text that is no program. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  /** Of each template whose hole is being read: how many braces are open inside the hole. */
  const holes: number[] = [];
  let at = 0;
  let isFirst = false;
  const push = (token: Token): void => {
    tokens.push(isFirst ? { ...token, isFirst } : token);
    isFirst = false;
  };
  const match = (shape: RegExp): string | undefined => {
    shape.lastIndex = at;
    return shape.exec(text)?.[0];
  };
  while (at < text.length) {
    const skipped = match(SPACE) ?? match(LINE_COMMENT) ?? match(BLOCK_COMMENT);
    if (skipped !== undefined) {
      at += skipped.length;
      isFirst ||= skipped.includes('\n');
      continue;
    }
    const sign = text[at];
    const hole = holes.at(-1);
    if (sign === '`' || (sign === '}' && hole === 0)) {
      if (sign === '}') holes.pop();
      const end = templateEnd(text, at + 1);
      push(sign === '`' ? { kind: 'text', value: text.slice(at, Math.min(end, at + 200)) } : { kind: 'close', value: '}' });
      at = end;
      if (text[at - 1] !== '{') continue;
      holes.push(0);
      push({ kind: 'open', value: '${' });
      continue;
    }
    if (hole !== undefined && (sign === '{' || sign === '}')) holes[holes.length - 1] = hole + (sign === '{' ? 1 : -1);
    const { token, length } = next(match, tokens.at(-1));
    push(token);
    at += length;
  }
  return linked(tokens);
}

/** How far behind the name of a constant its `=` is looked for, in tokens: types may stand between. */
const NEAR = 40;

/** Each bracket that opens knows the one that closes it, whatever kind that is; each name the constant that it is. */
function linked(tokens: readonly Token[]): Token[] {
  const ends = new Map<number, number>();
  const open: number[] = [];
  for (const [at, { kind }] of tokens.entries()) {
    if (kind === 'open') open.push(at);
    const opened = kind === 'close' ? open.pop() : undefined;
    if (opened !== undefined) ends.set(opened, at);
  }
  const constants = new Map<string, number>();
  return tokens.map((token, at) => {
    if (token.kind === 'name' && tokens[at - 1]?.value === 'const') {
      const equals = tokens.slice(at, at + NEAR).findIndex(({ value }) => value === '=');
      if (equals > 0) constants.set(token.value, at + equals + 1);
    }
    const end = ends.get(at);
    const constant = token.kind === 'name' ? constants.get(token.value) : undefined;
    return { ...token, ...(end === undefined ? {} : { end }), ...(constant === undefined ? {} : { constant }) };
  });
}

/** Behind the back quote that ends the template, or behind the brace that opens its next hole. */
function templateEnd(text: string, from: number): number {
  TEMPLATE.lastIndex = from;
  return from + (TEMPLATE.exec(text)?.[0].length ?? 0);
}

function next(match: (shape: RegExp) => string | undefined, before: Token | undefined): { token: Token; length: number } {
  const quoted = match(QUOTED);
  if (quoted !== undefined) return { token: { kind: 'text', value: quoted[0] ?? '' }, length: quoted.length };
  const regex = startsRegex(before) ? match(REGEX) : undefined;
  if (regex !== undefined) return { token: { kind: 'text', value: '/' }, length: regex.length };
  const name = match(NAME);
  if (name !== undefined) return { token: { kind: 'name', value: name }, length: name.length };
  const number = match(NUMBER);
  if (number !== undefined) return { token: { kind: 'number', value: number }, length: number.length };
  const value = match(SIGN) ?? ' ';
  const kind = /^[([{]$/.test(value) ? 'open' : /^[)\]}]$/.test(value) ? 'close' : 'sign';
  return { token: { kind, value }, length: value.length };
}

/** A slash divides after a value; `<` before it closes a tag of JSX. */
function startsRegex(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'name') return BEFORE_REGEX.test(before.value);
  if (before.kind === 'close') return before.value === '}';
  return before.kind === 'open' || (before.kind === 'sign' && before.value !== '<');
}

/** The place of the bracket that closes the one at `open`; the end when none does. What is no bracket is closed where it stands. */
export function closing(tokens: readonly Token[], open: number): number {
  const token = tokens[open];
  return token?.kind === 'open' ? (token.end ?? tokens.length) : open;
}

/** The parts between the commas of a bracket's own level, each as places from and to; an empty one is left out. */
export function partsOf(tokens: readonly Token[], open: number): { readonly from: number; readonly to: number }[] {
  const end = closing(tokens, open);
  const parts: { from: number; to: number }[] = [];
  let from = open + 1;
  for (let at = from; at <= end; at += 1) {
    if (at === end || (tokens[at]?.kind === 'sign' && tokens[at]?.value === ',')) {
      if (at > from) parts.push({ from, to: at });
      from = at + 1;
    } else if (tokens[at]?.kind === 'open') at = closing(tokens, at);
  }
  return parts;
}
