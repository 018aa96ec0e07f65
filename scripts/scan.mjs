/** Splits TypeScript text into code, string contents and comments, so that house rules never judge the wrong one. */

const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield))\s*$/;

const isSpace = (char) => char === ' ' || char === '\n' || char === '\t' || char === '\r';

function endOfString(text, from, quote) {
  let at = from;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at, text.length);
}

function endOfRegex(text, from) {
  let at = from;
  let inClass = false;
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true;
    if (text[at] === ']') inClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return Math.min(at, text.length);
}

/**
 * Three texts of equal length and equal lines: `code` has comments blanked, `bare` also the contents of strings and
 * regular expressions, `comments` has everything else blanked.
 */
export function scan(text) {
  const code = text.split('');
  const bare = [...code];
  const comments = code.map((char) => (isSpace(char) ? char : ' '));
  const blank = (list, from, to) => {
    for (let at = from; at < to; at += 1) if (!isSpace(list[at])) list[at] = ' ';
  };
  /** One entry for each template literal that is open: how many braces are open in its current hole. */
  const holes = [];
  let at = 0;
  const template = () => {
    const from = at;
    while (at < text.length && text[at] !== '`' && !(text[at] === '$' && text[at + 1] === '{')) at += text[at] === '\\' ? 2 : 1;
    blank(bare, from, Math.min(at, text.length));
    if (text[at] === '$') {
      holes.push(0);
      at += 2;
    } else at += 1;
  };
  while (at < text.length) {
    const char = text[at];
    const next = text[at + 1];
    if (char === '/' && (next === '/' || next === '*')) {
      const end = next === '/' ? text.indexOf('\n', at) : text.indexOf('*/', at + 2) + 2;
      const to = end < at + 2 ? text.length : end;
      for (let i = at; i < to; i += 1) comments[i] = text[i];
      blank(code, at, to);
      blank(bare, at, to);
      at = to;
    } else if (char === "'" || char === '"') {
      const end = endOfString(text, at + 1, char);
      blank(bare, at + 1, end);
      at = end + 1;
    } else if (char === '`') {
      at += 1;
      template();
    } else if (char === '/' && BEFORE_REGEX.test(bare.slice(Math.max(0, at - 40), at).join(''))) {
      const end = endOfRegex(text, at + 1);
      blank(bare, at + 1, end);
      at = end + 1;
    } else if (holes.length > 0 && (char === '{' || char === '}')) {
      const top = holes.length - 1;
      at += 1;
      if (char === '{') holes[top] += 1;
      else if (holes[top] > 0) holes[top] -= 1;
      else {
        holes.pop();
        template();
      }
    } else at += 1;
  }
  return { code: code.join(''), bare: bare.join(''), comments: comments.join('') };
}

/** The number of the line (from 1) at an offset. */
export function lineAt(text, offset) {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}

/** Every module a file names: static imports, re-exports, `import()`, `require()`; type-only ones too. */
export function importsOf({ code, bare }) {
  const found = [];
  for (const match of bare.matchAll(/\b(?:from\s*|import\s*|(?:import|require)\s*\(\s*)(['"`])/g)) {
    const start = match.index + match[0].length;
    const end = code.indexOf(match[1], start);
    if (end !== -1) found.push({ specifier: code.slice(start, end), line: lineAt(code, match.index) });
  }
  return found;
}
