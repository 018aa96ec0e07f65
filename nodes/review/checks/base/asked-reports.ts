/**
 * The environment in which a check's test runners write down each test that they ran, whatever starts them: make, npm, a script. The
 * check's own command stays as it is. What is asked for is documented by each runner.
 */

/** In the work tree, gone with what the check wrote. */
export const REPORTS = '.governor-reports';

/** Loaded by every Node process; one that is a runner gets the flags of a second reporter. */
const FLAGS = `
import { basename } from 'node:path';
const words = process.argv;
const flags = {
  vitest: (file) => ['--reporter=default', '--reporter=json', '--outputFile.json=' + file],
  jest: (file) => ['--json', '--outputFile=' + file],
  mocha: (file) => ['--reporter=json', '--reporter-option=output=' + file],
}[basename(words[1] ?? '').replace(/^_|\\.m?js$/g, '')];
if (flags !== undefined) {
  // A second place for a report is an error to some; the command's own is of no use here.
  for (let at = words.length - 1; at > 1; at -= 1)
    if (/^--outputFile(?:$|[.=])/.test(words[at])) words.splice(at, words[at].includes('=') ? 1 : 2);
  const end = words.indexOf('--');
  words.splice(end < 0 ? words.length : end, 0, ...flags(FOLDER + '/' + process.pid + '.json'));
}
`;

/** A reporter of `node --test` that prints nothing: one line of JSON for each test, in a file of its process. */
const NODE_REPORTER = `
import { appendFileSync } from 'node:fs';
export default async function* (events) {
  for await (const { type, data } of events)
    if ((type === 'test:pass' || type === 'test:fail') && data.details?.type !== 'suite')
      appendFileSync(FOLDER + '/' + process.pid + '.node', JSON.stringify({
        file: data.file, name: data.name, passed: type === 'test:pass', off: data.skip !== undefined || data.todo !== undefined,
      }) + '\\n');
}
`;

/** Each process of pytest and rspec writes a report of its own: their variables name one for all. By the name of the file. */
export const OWN_REPORTS: Readonly<Record<string, string>> = {
  'sitecustomize.py': `import os, re
os.environ['PYTEST_ADDOPTS'] = re.sub(r'/pytest[0-9]*[.]xml', '/pytest%d.xml' % os.getpid(), os.environ.get('PYTEST_ADDOPTS', ''))
`,
  'governor.rb': `ENV['SPEC_OPTS'] = ENV['SPEC_OPTS'].to_s.sub(/rspec[0-9]*[.]json/, "rspec#{Process.pid}.json")
`,
};

const module = (source: string, folder: string): string =>
  `data:text/javascript,${encodeURIComponent(source.replaceAll('FOLDER', JSON.stringify(folder)))}`;

/**
 * @param folder where reports go, as the command sees it.
 * @param words of all that the check runs: a command that names a reporter of `node --test` without its destination needs one more.
 */
export function askForReports(folder: string, words: string): Readonly<Record<string, string>> {
  const count = (shape: RegExp): number => [...words.matchAll(shape)].length;
  const open = count(/--test-reporter[= ]/g) - count(/--test-reporter-destination[= ]/g);
  const reporters = open > 0 ? [] : ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  return {
    NODE_OPTIONS: [
      `--import=${module(FLAGS, folder)}`,
      ...reporters,
      `--test-reporter=${module(NODE_REPORTER, folder)}`,
      '--test-reporter-destination=stdout',
      // The command's own reporters stand behind these, and so must their destinations.
      ...Array.from({ length: Math.max(0, open) }, () => '--test-reporter-destination=stdout'),
    ].join(' '),
    PYTEST_ADDOPTS: `--junitxml=${folder}/pytest.xml -o junit_family=xunit1 -p no:cacheprovider --continue-on-collection-errors`,
    PYTHONPATH: folder,
    GOFLAGS: '-json',
    SPEC_OPTS: `--format progress --format json --out ${folder}/rspec.json`,
    ...(/\s/.test(folder) ? {} : { RUBYOPT: `-r${folder}/governor.rb` }),
  };
}
