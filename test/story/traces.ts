/** What real agents do, answer by answer: shapes of public traces, and more of the same kind; `r` reads, `t` runs something, `e` edits. */
import { dice } from '../dice.ts';
import { critic, planReply, type Reply, submit, tool, write } from './world.ts';

export const PUBLIC: readonly string[] = [
  'trrrreteeteteteteteettrer',
  'rretrret',
  'rrrretreteteeteeteetreeeeeeer',
  'rrrrrrrrrrrrretttttetetettetere',
  'rrrer',
  'rrrrrreerrrrrr',
];

/** When the first edit comes: 4 in the median, 0 to 13. */
const FIRST = [0, 1, 2, 3, 3, 4, 4, 4, 5, 6, 8, 10, 13];
/** Answers until the next edit; as long as the longest that was seen. */
const STRETCHES = [0, 0, 0, 1, 1, 1, 2, 2, 3, 5, 9, 15];

/** A shape of the published distribution; the same seed gives the same. */
export function generated(seed: number): string {
  const next = dice(seed);
  const one = (list: readonly number[]): number => list[Math.floor(next() * list.length)] ?? 0;
  const stretch = (length: number): string => {
    let text = '';
    while (text.length < length) text += text.endsWith('ttttt') || next() < 0.6 ? 'r' : 't';
    return text;
  };
  let shape = `${stretch(FIRST[seed % FIRST.length] ?? 4)}e`;
  while (shape.length < 20 && next() < 0.9) shape += `${stretch(one(STRETCHES))}e`;
  return shape + stretch(one(STRETCHES));
}

export const TRACE_FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Array.from({ length: 40 }, (_none, index) => [`lib/f${index}.js`, `export const f${index} = ${index};\n`])),
  'check.mjs': [
    "import { existsSync, readFileSync } from 'node:fs';",
    "const right = existsSync('src/product.js') && readFileSync('src/product.js', 'utf8').includes('a * b');",
    "console.log(right ? 'passed' : '1 failed: product(2, 3) is not 6', '(' + performance.now() + 'ms)');",
    'process.exit(right ? 0 : 1);',
    '',
  ].join('\n'),
};

/** Reads, mostly something new, now and then what it knows; one and the same test, which fails alike until the last edit; edits. */
export function repliesOf(shape: string): Reply[] {
  const last = shape.lastIndexOf('e');
  const answers = shape.split('').map((letter, index): Reply => {
    const call = index + 1;
    if (letter === 't') return tool('lead', 1, call, 'run_command', { argv: ['node', 'check.mjs'] });
    if (letter === 'e')
      return write(1, call, 'src/product.js', `export const product = (a, b) => a ${index === last ? '*' : `+ ${index} +`} b;\n`);
    if (index % 6 === 5) return tool('lead', 1, call, 'read_file', { path: 'lib/f0.js' });
    if (index % 3 === 1) return tool('lead', 1, call, 'search_files', { pattern: `nowhere${index}`, path: 'lib' });
    return tool('lead', 1, call, 'read_file', { path: `lib/f${index}.js` });
  });
  return [planReply(), ...answers, submit(1, shape.length + 1), critic(1)];
}
