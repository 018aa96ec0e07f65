/** What users call, held to its test and its line: every route is called by a test, every command too, and stands in the contract. */
import { lineAt } from './scan.mjs';

export const ENTRY_RULES = {
  'route-test':
    'A route that no test calls is one that nobody knows to work. Call it by its path in the test that mirrors its file (test/server/<room>/<file>.test.ts).',
  'command-test': "A command that no test gives to the program is one that nobody knows to work. Call it in test/cli, as ['name', ...].",
  'command-line': 'docs/contract.md, "Commands", is what users rely on: give the command its row in the table there.',
};

/** The contract of the commands. */
export const CONTRACT = 'docs/contract.md';

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** How a test writes a parameter: a hole of a template, or a value. */
const VALUE = '(?:\\$\\{[^}]*\\}|[^/`\'"\\s{}]+)';
const END = '(?=[`\'"?])';

/** Whole, without the prefix that the tests of `/governor` give by a helper, or from a hole that holds its beginning. */
function calls(path) {
  const parts = path.split(/\{[^}]+\}/);
  const whole = parts.map(literal).join(VALUE);
  const short = whole.replace(/^\/governor(?=\/)/, '(?:/governor)?');
  const tails = parts.slice(1).flatMap((_, index) =>
    parts[index + 1] === ''
      ? []
      : [
          parts
            .slice(index + 1)
            .map(literal)
            .join(VALUE),
        ],
  );
  const last = tails.at(-1);
  return new RegExp([`${short}${END}`, ...(last === undefined ? [] : [`\\$\\{[^}]*\\}${last}${END}`])].join('|'));
}

/** @param files path -> text; tests are judged together with what they test. */
export function inspectEntryPoints(files) {
  const tests = [...files].filter(([path]) => path.startsWith('test/') && path.endsWith('.ts')).map(([, text]) => text);
  const contract = files.get(CONTRACT) ?? '';
  const table = contract.slice(contract.indexOf('\n## Commands'));
  const found = [];
  for (const [path, text] of files) {
    const report = (rule, index, what) => found.push({ path, line: lineAt(text, index), rule, what, teaching: ENTRY_RULES[rule] });
    if (/^server\/.*\.ts$/.test(path))
      for (const { index, 1: method, 2: route } of text.matchAll(/^(?! *\*).*?\bendpoint\(\s*'(\w+)',\s*'([^']+)'/gm))
        if (!tests.some((test) => calls(route).test(test))) report('route-test', index, `no test calls ${method.toUpperCase()} ${route}`);
    if (/^cli\/usage\/.*\.ts$/.test(path))
      for (const { index, 1: name } of text.matchAll(/^(?! *\*).*?\bcommand(?:Afar)?\('([a-z-]+)/gm)) {
        if (!tests.some((test) => new RegExp(`\\[\\s*'${name}'|, '${name}'`).test(test)))
          report('command-test', index, `no test calls ${name}`);
        if (!new RegExp(`^\\|.*\`(?:[a-z]+ )?${name}\\b`, 'm').test(table))
          report('command-line', index, `${name} has no row in ${CONTRACT}`);
      }
  }
  return found;
}
