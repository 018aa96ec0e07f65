/** What the small goals of the shipped suite need. */
import type { NoRepair, Repair } from './repairer.ts';

const HEAD = "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n";

const PARSE_LINE = `const fields = [];
  let at = 0;
  do {
    let field = '';
    if (line[at] === '"') {
      at += 1;
      for (;;) {
        if (at >= line.length) throw new Error('a quote never ends');
        if (line[at] === '"' && line[at + 1] !== '"') break;
        field += line[at];
        at += line[at] === '"' ? 2 : 1;
      }
      at += 1;
    } else
      for (; at < line.length && line[at] !== ','; at += 1) field += line[at];
    fields.push(field);
    at += 1;
  } while (at <= line.length);
  return fields;`;

const PAGE_OF = `function whole(name, number) {
  if (!Number.isInteger(number) || number < 1) throw new RangeError(\`\${name}: \${number} is no whole number from 1\`);
}

/** Page \`number\` (from 1) of \`size\` items. */
export function pageOf(items, { number, size }) {
  whole('number', number);
  whole('size', size);
  const pages = Math.max(1, Math.ceil(items.length / size));
  return { items: items.slice((number - 1) * size, number * size), number, pages, next: number < pages ? number + 1 : null };
}
`;

export const SMALL: readonly (Repair | NoRepair)[] = [
  {
    goal: /isLeapYear\(\) of src\/calendar\.js/,
    look: 'isLeapYear',
    paths: ['src/calendar.js'],
    changes: [
      {
        kind: 'edit',
        at: 'function isLeapYear',
        old: /year % 4 === 0/,
        to: '(year % 4 === 0 && year % 100 !== 0) || year % 400 === 0',
      },
    ],
  },
  {
    goal: /parseLine\(\) of src\/csv\.js/,
    look: 'parseLine',
    paths: ['src/csv.js', 'test/**'],
    changes: [
      { kind: 'edit', at: 'function parseLine', old: /return line\.split\(','\);/, to: PARSE_LINE },
      {
        kind: 'add',
        at: 'a line has its fields',
        name: 'quotes.test.js',
        text: `${HEAD}import { parseLine } from '../src/csv.js';

test('a comma in quotes', () => assert.deepEqual(parseLine('1,"a, ""b""",'), ['1', 'a, "b"', '']));
test('a quote that never ends', () => assert.throws(() => parseLine('"a'), /quote/));
`,
      },
    ],
  },
  {
    goal: /Add pageOf\(items/,
    look: 'export const sorted',
    paths: ['src/pages.js', 'test/**'],
    changes: [
      { kind: 'add', at: 'export const sorted', name: 'pages.js', text: PAGE_OF },
      {
        kind: 'add',
        at: 'the first of each stays',
        name: 'pages.test.js',
        text: `${HEAD}import { pageOf } from '../src/pages.js';

test('the last page', () => assert.deepEqual(pageOf([1, 2, 3], { number: 2, size: 2 }), { items: [3], number: 2, pages: 2, next: null }));
test('no page', () => assert.throws(() => pageOf([], { number: 0, size: 1 }), RangeError));
`,
      },
    ],
  },
  {
    goal: /refund\(\) of payments\/refund\.js/,
    look: 'export function refund',
    paths: ['payments/refund.js', 'test/**'],
    changes: [
      {
        kind: 'edit',
        at: 'export function refund',
        old: /return \{/,
        to: "if (cents > payment.paidCents - payment.refundedCents) throw new Error('a refund of more than is left');\n  return {",
      },
      {
        kind: 'add',
        at: 'a parcel is paid back',
        name: 'left.test.js',
        text: `${HEAD}import { refund } from '../payments/refund.js';

test('more than is left', () => assert.throws(() => refund({ paidCents: 5, refundedCents: 4 }, 2), /refund/));
`,
      },
    ],
  },
  { goal: /total\(\) of src\/total\.js must return a text/, look: 'total\\(', answer: 'asks' },
  { goal: /slug\(\) of src\/slug\.js must keep digits/, look: 'slug\\(', answer: 'nothing' },
];
