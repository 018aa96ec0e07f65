/** The TOML that package managers write into lock files: tables, lists of tables, strings, numbers, booleans, lists and inline tables. */

export type Toml = string | number | boolean | Toml[] | TomlTable;
export interface TomlTable {
  [key: string]: Toml;
}

/** Deepest nesting that is read. */
const DEPTH = 20;

/** @throws Error naming the line, for whatever is not understood in full: nobody may hide an entry behind odd syntax. */
export function parseToml(text: string): TomlTable {
  return new Reader(text).document();
}

class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  }

  document(): TomlTable {
    const root = emptyTable();
    let table = root;
    for (this.blank(true); this.at < this.text.length; this.blank(true)) {
      if (this.takes('[[')) {
        table = this.newest(root, this.key(), true);
        this.expect(']]');
      } else if (this.takes('[')) {
        table = this.newest(root, this.key(), false);
        this.expect(']');
      } else this.pair(table);
      this.blank(false);
      if (this.at < this.text.length) this.expect('\n');
    }
    return root;
  }

  /** The table that a header opens. */
  private newest(root: TomlTable, path: readonly string[], isList: boolean): TomlTable {
    const last = path.at(-1) ?? '';
    const parent = this.inside(root, path.slice(0, -1));
    const known = Object.hasOwn(parent, last) ? parent[last] : undefined;
    if (isList) {
      if (known !== undefined && !Array.isArray(known)) this.fail('a list of tables under a name that is taken');
      const table = emptyTable();
      if (known === undefined) parent[last] = [table];
      else known.push(table);
      return table;
    }
    if (known === undefined) {
      const table = emptyTable();
      parent[last] = table;
      return table;
    }
    if (!isTable(known)) this.fail('a table under a name that is taken');
    return known;
  }

  /** The tables on the way are made; of a list of tables it is the last one. */
  private inside(table: TomlTable, path: readonly string[]): TomlTable {
    let at = table;
    for (const name of path) {
      const known = Object.hasOwn(at, name) ? at[name] : undefined;
      const last = Array.isArray(known) ? known.at(-1) : known;
      if (last === undefined) {
        const made = emptyTable();
        at[name] = made;
        at = made;
      } else if (isTable(last)) at = last;
      else this.fail(`"${name}" is no table`);
    }
    return at;
  }

  private pair(table: TomlTable, depth = 0): void {
    const path = this.key();
    this.expect('=');
    this.blank(false);
    const value = this.value(depth + 1);
    const last = path.at(-1) ?? '';
    const parent = this.inside(table, path.slice(0, -1));
    if (Object.hasOwn(parent, last)) this.fail(`"${last}" is there twice`);
    parent[last] = value;
  }

  private key(): string[] {
    const path: string[] = [];
    do {
      this.blank(false);
      const quote = this.text[this.at];
      if (quote === '"' || quote === "'") path.push(this.string());
      else path.push(this.match(/[A-Za-z0-9_-]+/y) ?? this.fail('a key is missing'));
      this.blank(false);
    } while (this.takes('.'));
    return path;
  }

  private value(depth: number): Toml {
    if (depth > DEPTH) this.fail(`nested deeper than ${DEPTH}`);
    const first = this.text[this.at];
    if (first === '"' || first === "'") return this.string();
    if (this.takes('[')) return this.list(depth);
    if (this.takes('{')) return this.inlineTable(depth);
    const word = this.match(/[A-Za-z0-9+:._-]+/y) ?? this.fail('a value is missing');
    if (word === 'true' || word === 'false') return word === 'true';
    // Dates are only ever told, never counted with.
    return /^[+-]?\d[\d_]*$/.test(word) ? Number(word.replaceAll('_', '')) : word;
  }

  private list(depth: number): Toml[] {
    const values: Toml[] = [];
    for (this.blank(true); !this.takes(']'); this.blank(true)) {
      values.push(this.value(depth + 1));
      this.blank(true);
      if (this.text[this.at] !== ']') this.expect(',');
    }
    return values;
  }

  private inlineTable(depth: number): TomlTable {
    const table = emptyTable();
    for (this.blank(true); !this.takes('}'); this.blank(true)) {
      this.pair(table, depth);
      this.blank(true);
      if (this.text[this.at] !== '}') this.expect(',');
    }
    return table;
  }

  private string(): string {
    if (this.text.startsWith('"""', this.at) || this.text.startsWith("'''", this.at)) this.fail('a string over several lines');
    const literal = this.match(/'[^'\n]*'/y);
    if (literal !== undefined) return literal.slice(1, -1);
    const basic = this.match(/"(?:[^"\\\n]|\\[btnfr"\\]|\\u[0-9A-Fa-f]{4})*"/y) ?? this.fail('a string does not end');
    return JSON.parse(basic.replaceAll('\t', '\\t'));
  }

  /** Blanks and comments; with `lines` also ends of lines. */
  private blank(lines: boolean): void {
    this.match(lines ? /(?:[ \t\n]|#[^\n]*)*/y : /[ \t]*(?:#[^\n]*)?/y);
  }

  private takes(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private expect(word: string): void {
    if (!this.takes(word)) this.fail(`${JSON.stringify(word)} is missing`);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private fail(what: string): never {
    throw new Error(`line ${this.text.slice(0, this.at).split('\n').length}: ${what}`);
  }
}

const emptyTable = (): TomlTable => Object.create(null);

export const isTable = (value: Toml | undefined): value is TomlTable => typeof value === 'object' && !Array.isArray(value);
