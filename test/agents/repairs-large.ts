/** What the large goals of the shipped suite need, each with the wrong edit that suggests itself. */
import type { Repair } from './repairer.ts';

const HEAD = "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n";

/** A test of this title fails, in the words of either reporter. */
const failing = (title: string): RegExp => new RegExp(`(?:not ok \\d+ - |✖ )${title}`);

const stalePrice: Repair = {
  goal: /After setPrice\(\) the price list/,
  look: 'setPrice',
  paths: ['src/catalog/**', 'src/pages/**'],
  tempting: {
    changes: [{ kind: 'edit', at: 'export function priceList', old: /catalog\.all\(\)/, to: '_store.ids().map((id) => _store.read(id))' }],
    fails: failing('a product is read once'),
  },
  changes: [
    { kind: 'edit', at: '_store\\.read', old: /_store\.ids\(\)\.map\(\(id\) => _store\.read\(id\)\)/, to: 'catalog.all()' },
    {
      kind: 'edit',
      at: 'store\\.write',
      old: /store\.write\(\{ \.\.\.product, cents: checkCents\(cents\) \}\);/,
      to: 'store.write({ ...product, cents: checkCents(cents) });\n      catalog.forget(id);',
    },
  ],
};

const HEADING = `export const heading = (day) => \`# \${day}\`;`;
const WRONG_HEADING = `import { dayBefore } from '../time/day-before.js';

export const heading = (day) => \`# \${dayBefore(day)}\`;`;

const dayLabel: Repair = {
  goal: /The diary puts entries/,
  look: 'offsetMinutes',
  paths: ['src/time/**', 'src/views/**'],
  tempting: {
    changes: [{ kind: 'edit', at: 'export const heading', old: /export const heading = .*/, to: WRONG_HEADING }],
    fails: failing('an entry at noon is under its day'),
  },
  changes: [
    { kind: 'edit', at: 'export const heading', old: /import \{ dayBefore \}[\s\S]*;/, to: HEADING },
    { kind: 'edit', at: 'instantOf\\(entry\\) - ', old: /instantOf\(entry\) - entry/, to: 'instantOf(entry) + entry' },
  ],
};

const EXPORT = `export const exportNotes = {
  name: 'export',
  usage: '[title]',
  run: (book, [title]) => {
    const plain = (note) => ({ title: note.title, text: note.text });
    return JSON.stringify(title === undefined ? book.notes.map(plain) : plain(book.note(title)));
  },
};
`;

const exportCommand: Repair = {
  goal: /Add a command "export" to the notes program/,
  look: 'usage:',
  paths: ['src/commands/export.js', 'src/registry.js', 'docs/commands.md', 'test/export.test.js'],
  tempting: {
    changes: [{ kind: 'add', at: "name: 'count'", name: 'export.js', text: EXPORT }],
    fails: failing('every command is in the registry'),
  },
  changes: [
    {
      kind: 'edit',
      at: 'commands/count',
      glob: 'src/**',
      old: /import \{ find \}/,
      to: "import { exportNotes } from './commands/export.js';\nimport { find }",
    },
    { kind: 'edit', at: 'add, count, find', old: /count, find/, to: 'count, exportNotes, find' },
    {
      kind: 'edit',
      at: 'find <text>',
      glob: 'docs/**',
      old: /\| `find <text>`/,
      to: '| `export [title]` | prints all notes, or one, as JSON |\n| `find <text>`',
    },
    {
      kind: 'add',
      at: 'every command has a test of its own',
      name: 'export.test.js',
      text: `${HEAD}import { createBook } from '../src/book.js';
import { run } from '../src/program.js';

test('export', () => assert.deepEqual(JSON.parse(run(createBook([{ title: 'a', text: '1' }]), ['export'])), [{ title: 'a', text: '1' }]));
test('export of what is not there', () => assert.throws(() => run(createBook(), ['export', 'nowhere']), /nowhere/));
`,
    },
  ],
};

const rename: Repair = {
  goal: /Rename fetchUser to findUser/,
  look: 'fetchUser',
  paths: ['src/**'],
  // It takes a text for something else.
  tempting: {
    changes: [{ kind: 'everywhere', at: 'fetchUser', glob: 'src/**', not: /jobs\/jobs\.js$/, to: 'findUser' }],
    fails: failing('a user is loaded'),
  },
  changes: [{ kind: 'everywhere', at: 'fetchUser', glob: 'src/**', to: 'findUser' }],
};

const CHECKED = `if (!THEMES.includes(settings.appearance?.theme)) problem(\`there is no theme \${settings.appearance?.theme}\`);
  if (!DIGESTS.includes(settings.mail?.digest)) problem(\`there is no digest \${settings.mail?.digest}\`);`;
const NESTED = `export const nested = ({ theme, mailDigest, mailAddress }) => ({
  version: 3,
  appearance: { theme },
  mail: { digest: mailDigest, address: mailAddress },
});
`;

const settings: Repair = {
  goal: /Settings get version 3/,
  look: 'mailDigest',
  paths: ['src/**', 'samples/v3.json', 'test/**'],
  // Whoever has no old settings sees nothing wrong.
  tempting: {
    changes: [
      { kind: 'edit', at: 'VERSION = 2', old: /VERSION = 2/, to: 'VERSION = 3' },
      {
        kind: 'edit',
        at: 'DEFAULTS = ',
        old: /theme: 'light', mailDigest: 'never', mailAddress: ''/,
        to: "appearance: { theme: 'light' }, mail: { digest: 'never', address: '' }",
      },
      { kind: 'edit', at: 'THEMES\\.includes', old: /if \(!THEMES[\s\S]*mailDigest\}`\);/, to: CHECKED },
      {
        kind: 'edit',
        at: "settingLine\\('theme'",
        old: /settingLine\('theme'.*\]/,
        to: "settingLine('theme', settings.appearance.theme), settingLine('mail', settings.mail.digest), settingLine('to', settings.mail.address)]",
      },
    ],
    fails: failing('the sample v2-weekly'),
  },
  changes: [
    { kind: 'add', at: 'export const digest', name: '2-nested.js', text: NESTED },
    {
      kind: 'edit',
      at: 'STEPS = ',
      old: /\/\*\* At[\s\S]*/,
      to: "import { nested } from './2-nested.js';\n\n/** At its place the step from that version to the next. */\nexport const STEPS = [theme, digest, nested];\n",
    },
    {
      kind: 'add',
      at: '"version": 2',
      glob: 'samples/**',
      name: 'v3.json',
      text: '{ "version": 3, "appearance": { "theme": "dark" }, "mail": { "digest": "daily", "address": "eve@example.test" } }\n',
    },
    {
      kind: 'add',
      at: 'defaults can be saved',
      name: 'third.test.js',
      text: `${HEAD}import { load } from '../src/settings.js';

test('version 2 becomes version 3', () =>
  assert.deepEqual(load('{"version":2,"theme":"dark","mailDigest":"never","mailAddress":""}').appearance, { theme: 'dark' }));
test('version 4 is told', () => assert.throws(() => load('{"version":4}'), /version/));
`,
    },
  ],
};

const rounding: Repair = {
  goal: /Use the package "rounding"/,
  look: 'round\\(',
  paths: ['src/tax.js', 'src/money/round.js', 'package.json', 'test/rounding.test.js'],
  tempting: {
    changes: [
      {
        kind: 'edit',
        at: 'money/round\\.js',
        glob: 'src/**',
        old: /import \{ round \}.*/,
        to: "import { halfToEven as round } from '../packages/rounding/index.js';",
      },
    ],
    fails: /by its path/,
  },
  changes: [
    { kind: 'edit', at: 'packages/rounding', glob: 'src/**', old: /'\.\.\/packages\/rounding\/index\.js'/, to: "'rounding'" },
    {
      kind: 'edit',
      at: '"private": true',
      glob: 'package.json',
      old: /"private": true,/,
      to: '"private": true,\n  "dependencies": { "rounding": "file:packages/rounding" },',
    },
    { kind: 'remove', at: 'export const round ', glob: 'src/**' },
    {
      kind: 'add',
      at: 'a sum and its tax',
      name: 'rounding.test.js',
      text: `${HEAD}import { invoice } from '../src/invoice.js';

test('a half goes to even', () => assert.equal(invoice([{ name: 'a', cents: 250, taxPercent: 1 }]).taxCents, 2));
`,
    },
  ],
};

export const LARGE: readonly Repair[] = [stalePrice, dayLabel, exportCommand, rename, settings, rounding];
