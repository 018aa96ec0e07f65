/** Where locked packages come from: each kind of lock file with a change of place, and the ordinary change that looks most like it. */
import { describe, expect, test } from 'vitest';
import { isLock } from '../../../tools/dependencies.ts';
import { isLockFile, lockChanges } from '../../../tools/locks/lock-changes.ts';

/** What is told of a change of one file. */
const told = (path: string, before: string | undefined, after: string, others: readonly string[] = []): string[] =>
  lockChanges({ path, before, after, others });

const HOME = 'https://packages.example.test';
const EVIL = 'https://packages.evil.test';

interface Npm {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}
const npm = (packages: Readonly<Record<string, Npm>>): string => JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } });
const pad = (version: string, host = HOME): Npm => ({ version, resolved: `${host}/left-pad/-/left-pad-${version}.tgz` });
const PAD = npm({ 'node_modules/left-pad': pad('1.2.0') });

describe('package-lock.json', () => {
  test.each<[string, string, string]>([
    [
      'another registry',
      npm({ 'node_modules/left-pad': pad('1.2.0', EVIL) }),
      `left-pad comes from ${EVIL}/{name}/-/{file}, and came from ${HOME}`,
    ],
    [
      'another registry deep below',
      npm({ 'node_modules/left-pad': pad('1.2.0'), 'node_modules/a/node_modules/left-pad': pad('2.0.0', EVIL) }),
      EVIL,
    ],
    ['a plain address', npm({ 'node_modules/left-pad': pad('1.2.0', HOME.replace('https', 'http')) }), 'http://packages.example.test'],
    [
      'a user in front of the host',
      npm({ 'node_modules/left-pad': pad('1.2.0', 'https://packages.example.test@evil.test') }),
      'user@evil.test',
    ],
    ['another port', npm({ 'node_modules/left-pad': pad('1.2.0', `${HOME}:8443`) }), ':8443'],
    [
      'another package of the same registry',
      npm({ 'node_modules/left-pad': { version: '1.2.0', resolved: `${HOME}/right-pad/-/right-pad-1.2.0.tgz` } }),
      'right-pad',
    ],
    [
      'one whose name looks alike',
      npm({ 'node_modules/left-pad': { version: '1.2.0', resolved: `${HOME}/left_pad/-/left_pad-1.2.0.tgz` } }),
      'left_pad',
    ],
    [
      'the archive of another version',
      npm({ 'node_modules/left-pad': { version: '1.2.0', resolved: `${HOME}/left-pad/-/left-pad-1.1.0.tgz` } }),
      '1.1.0',
    ],
    ['another package under its name', npm({ 'node_modules/left-pad': { ...pad('1.2.0'), name: 'right-pad' } }), '(as right-pad)'],
    [
      'a repository',
      npm({ 'node_modules/left-pad': { version: '1.2.0', resolved: 'git+ssh://git@example.test/o/left-pad.git#abc' } }),
      'git+ssh',
    ],
    [
      'a new package from a new registry',
      npm({ 'node_modules/left-pad': pad('1.2.0'), 'node_modules/b': { version: '1.0.0', resolved: `${EVIL}/b/-/b-1.0.0.tgz` } }),
      'b comes from',
    ],
    ['no JSON', '{', 'cannot be read'],
  ])('%s is told', (_what, after, says) => {
    const lines = told('package-lock.json', PAD, after);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(says);
    expect(lines[0]).toMatch(/^package-lock\.json: /);
  });

  test.each<[string, string, string]>([
    ['another version of the same registry', PAD, npm({ 'node_modules/left-pad': pad('2.0.0') })],
    [
      'a second version beside it',
      PAD,
      npm({ 'node_modules/left-pad': pad('1.2.0'), 'node_modules/a/node_modules/left-pad': pad('3.0.0') }),
    ],
    [
      'a new package of the same registry',
      PAD,
      npm({ 'node_modules/left-pad': pad('1.2.0'), 'node_modules/@s/b': { version: '1.0.0', resolved: `${HOME}/@s/b/-/b-1.0.0.tgz` } }),
    ],
    [
      'a new package under another name',
      PAD,
      npm({
        'node_modules/left-pad': pad('1.2.0'),
        'node_modules/old': { name: 'b', version: '1.0.0', resolved: `${HOME}/b/-/b-1.0.0.tgz` },
      }),
    ],
    [
      'a package of this repository',
      PAD,
      npm({
        'node_modules/left-pad': pad('1.2.0'),
        'packages/x': { version: '1.0.0' },
        'node_modules/x': { resolved: 'packages/x', link: true },
      }),
    ],
    ['a package that is gone', PAD, npm({})],
    [
      'an address that was left out before',
      npm({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/left-pad': pad('1.2.0') }),
      npm({ 'node_modules/a': { version: '1.0.0', resolved: `${HOME}/a/-/a-1.0.0.tgz` }, 'node_modules/left-pad': pad('1.2.0') }),
    ],
    [
      'another commit of the same repository',
      npm({ 'node_modules/a': { resolved: 'git+ssh://git@example.test/o/a.git#111' } }),
      npm({ 'node_modules/a': { resolved: 'git+ssh://git@example.test/o/a.git#222' } }),
    ],
  ])('%s is not', (_what, before, after) => expect(told('package-lock.json', before, after)).toEqual([]));

  test('the list that older versions of npm read counts too', () => {
    const old = (host: string): string =>
      JSON.stringify({
        dependencies: {
          a: {
            version: '1.0.0',
            resolved: `${HOME}/a/-/a-1.0.0.tgz`,
            dependencies: { 'left-pad': { version: '1.2.0', resolved: pad('1.2.0', host).resolved } },
          },
        },
      });
    expect(told('npm-shrinkwrap.json', old(HOME), old(EVIL))).toHaveLength(1);
    expect(told('npm-shrinkwrap.json', old(HOME), old(HOME).replaceAll('1.2.0', '1.3.0'))).toEqual([]);
  });

  test('a new file is compared with its kin elsewhere', () => {
    expect(
      told('b/package-lock.json', undefined, PAD, [npm({ 'node_modules/c': { version: '1.0.0', resolved: `${HOME}/c/-/c-1.0.0.tgz` } })]),
    ).toEqual([]);
    expect(told('b/package-lock.json', undefined, PAD, [])).toHaveLength(1);
  });

  test('at most five packages are told by name', () => {
    const many = (host: string): string =>
      npm(
        Object.fromEntries(
          Array.from({ length: 8 }, (_, at) => [
            `node_modules/p${at}`,
            { version: '1.0.0', resolved: `${host}/p${at}/-/p${at}-1.0.0.tgz` },
          ]),
        ),
      );
    expect(told('package-lock.json', many(HOME), many(EVIL)).at(-1)).toBe('package-lock.json: and 3 more');
  });
});

const classic = (version: string, host = HOME, head = '"left-pad@^1.0.0", left-pad@~1.1:'): string =>
  `# yarn lockfile v1\n\n\n${head}\n  version "${version}"\n  resolved "${host}/left-pad/-/left-pad-${version}.tgz#0123"\n  dependencies:\n    a "^1.0.0"\n`;
const berry = (resolution: string, head = 'left-pad@npm:^1.0.0'): string =>
  `__metadata:\n  version: 8\n\n"${head}":\n  version: 1.2.0\n  resolution: "${resolution}"\n  checksum: abc\n`;
const pnpm = (key: string, resolution: object, more: object = {}): string =>
  JSON.stringify({ lockfileVersion: '9.0', ...more, packages: { [key]: { resolution } } });
const cargo = (version: string, source: string): string =>
  `# This file is automatically @generated by Cargo.\nversion = 3\n\n[[package]]\nname = "serde"\nversion = "${version}"\nsource = "${source}"\nchecksum = "00"\ndependencies = [\n "serde_derive",\n]\n`;
const poetry = (version: string, source = ''): string =>
  `[[package]]\nname = "Flask"\nversion = "${version}"\ndescription = "a \\"web\\" frame"\nfiles = [\n    {file = "flask.whl", hash = "sha256:00"},\n]\n\n[package.dependencies]\nclick = ">=8"\n${source}\n[metadata]\nlock-version = "2.0"\n`;
const uv = (version: string, index = `${HOME}/simple`, files = `${HOME}/packages/ab/cd/${'0'.repeat(60)}`): string =>
  `version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "typing-extensions"\nversion = "${version}"\nsource = { registry = "${index}" }\nsdist = { url = "${files}/typing_extensions-${version}.tar.gz", hash = "sha256:00", size = 1 }\nwheels = [\n    { url = "${files}/typing_extensions-${version}-py3-none-any.whl", hash = "sha256:00" },\n]\n`;
const goSum = (...lines: string[]): string => lines.map((line) => `${line} h1:abc=\n`).join('');
const gems = (remote: string, version: string): string =>
  `GEM\n  remote: ${remote}\n  specs:\n    rake (${version})\n      strscan (>= 1)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rake\n`;
const composer = (version: string, url: string): string =>
  JSON.stringify({ packages: [{ name: 'o/r', version, dist: { type: 'zip', url }, source: null }], 'packages-dev': [] });
const pipenv = (index: string, version: string): string =>
  JSON.stringify({
    _meta: {
      sources: [
        { name: 'home', url: `${HOME}/simple` },
        { name: 'other', url: `${EVIL}/simple` },
      ],
    },
    default: { a: { index, version } },
  });
const pubspec = (url: string, version: string): string =>
  JSON.stringify({ packages: { a: { source: 'hosted', version, description: { name: 'a', url } } } });
const flake = (owner: string, rev: string): string =>
  JSON.stringify({ nodes: { root: {}, pkgs: { locked: { type: 'github', owner, repo: 'pkgs', rev } } } });
const bun = (place: string, registry = ''): string =>
  `{ "lockfileVersion": 1, "packages": { "left-pad": ["${place}", "${registry}", {}, "sha512-0"], }, }`;
const deno = (host: string, version: string): string =>
  JSON.stringify({ version: '4', remote: { [`${host}/std@${version}/mod.ts`]: '00' } });
const commit = (digit: string): string => digit.repeat(40);

test.each<[string, before: string, offence: string, honest: string]>([
  ['yarn.lock', classic('1.2.0'), classic('1.2.0', EVIL), classic('1.3.0')],
  [
    'yarn.lock',
    classic('1.2.0'),
    classic('1.2.0', HOME, '"left-pad@npm:right-pad@^1.0.0":'),
    classic('1.2.0', HOME, '"left-pad@>= 1.0, < 2":'),
  ],
  ['yarn.lock', berry('left-pad@npm:1.2.0'), berry('right-pad@npm:1.2.0'), berry('left-pad@npm:1.3.0', 'left-pad@npm:^1.3.0')],
  [
    'yarn.lock',
    berry('left-pad@npm:1.2.0'),
    berry(`left-pad@npm:1.2.0::__archiveUrl=${encodeURIComponent(`${EVIL}/x.tgz`)}`),
    berry('left-pad@patch:left-pad@npm%3A1.2.0#./fix.patch'),
  ],
  [
    'yarn.lock',
    berry('left-pad@npm:1.2.0'),
    berry('left-pad@https://evil.test/left-pad.git#commit=00'),
    berry('left-pad@workspace:packages/left-pad'),
  ],
  [
    'pnpm-lock.yaml',
    pnpm('left-pad@1.2.0', { integrity: 'x' }),
    pnpm('left-pad@1.2.0', { tarball: `${EVIL}/left-pad.tgz` }),
    pnpm('left-pad@1.3.0', { integrity: 'x' }),
  ],
  [
    'pnpm-lock.yaml',
    pnpm('/left-pad@1.2.0(a@1.0.0)', { integrity: 'x' }),
    pnpm('/left-pad@1.2.0(a@1.0.0)', { type: 'git', repo: 'https://evil.test/r', commit: '0' }),
    pnpm('/left-pad@1.2.0(a@2.0.0)', { integrity: 'x' }),
  ],
  [
    'pnpm-lock.yaml',
    pnpm('left-pad@1.2.0', {}, { importers: { '.': { dependencies: { 'left-pad': { specifier: '^1', version: '1.2.0' } } } } }),
    pnpm('left-pad@1.2.0', {}, { importers: { '.': { dependencies: { 'left-pad': { specifier: '^1', version: 'right-pad@1.2.0' } } } } }),
    pnpm(
      'left-pad@1.2.0',
      {},
      { importers: { '.': { dependencies: { 'left-pad': { specifier: '^1', version: '1.3.0(react@18.0.0)' } } } } },
    ),
  ],
  [
    'Cargo.lock',
    cargo('1.0.0', `registry+${HOME}/index`),
    cargo('1.0.0', `registry+${EVIL}/index`),
    cargo('1.0.1', `registry+${HOME}/index`),
  ],
  [
    'Cargo.lock',
    cargo('1.0.0', `git+${HOME}/o/serde?branch=main#aa`),
    cargo('1.0.0', `git+${HOME}/evil/serde?branch=main#aa`),
    cargo('1.0.1', `git+${HOME}/o/serde?branch=main#bb`),
  ],
  [
    'poetry.lock',
    poetry('2.0.0'),
    poetry('2.0.0', `\n[package.source]\ntype = "legacy"\nurl = "${EVIL}/simple"\nreference = "x"\n`),
    poetry('2.0.1'),
  ],
  ['poetry.lock', poetry('2.0.0'), poetry('2.0.0', `\n[package.source]\ntype = "git"\nurl = "${EVIL}/flask.git"\n`), poetry('3.0.0')],
  ['uv.lock', uv('4.0.0'), uv('4.0.0', `${EVIL}/simple`), uv('4.1.0')],
  ['uv.lock', uv('4.0.0'), uv('4.0.0', undefined, `${EVIL}/packages`), uv('4.1.0', undefined, `${HOME}/packages/0e/ff/${'1'.repeat(60)}`)],
  [
    'pdm.lock',
    '[[package]]\nname = "a"\nversion = "1.0"\n',
    `[[package]]\nname = "a"\nversion = "1.0"\ngit = "${EVIL}/a"\n`,
    '[[package]]\nname = "a"\nversion = "1.1"\n',
  ],
  [
    'go.sum',
    goSum('example.test/a v1.0.0'),
    goSum('example.test/a v1.0.0', 'evil.test/b v1.0.0'),
    goSum('example.test/a v1.1.0', 'example.test/b v1.0.0/go.mod'),
  ],
  [
    'go.mod',
    'module m\n\nrequire example.test/a v1.0.0\n',
    'module m\n\nreplace (\n\texample.test/a v1.0.0 => evil.test/a v1.0.0 // x\n)\n',
    'module m\n\nrequire example.test/a v1.1.0\n\nreplace example.test/b => ./b\n',
  ],
  ['Gemfile.lock', gems(`${HOME}/`, '1.0'), gems(`${EVIL}/`, '1.0'), gems(`${HOME}/`, '1.1')],
  [
    'composer.lock',
    composer('1.0', `${HOME}/repos/o/r/zipball/${commit('1')}`),
    composer('1.0', `${HOME}/repos/evil/r/zipball/${commit('1')}`),
    composer('1.1', `${HOME}/repos/o/r/zipball/${commit('2')}`),
  ],
  ['Pipfile.lock', pipenv('home', '==1.0'), pipenv('other', '==1.0'), pipenv('home', '==1.1')],
  ['pubspec.lock', pubspec(HOME, '1.0.0'), pubspec(EVIL, '1.0.0'), pubspec(HOME, '1.1.0')],
  ['flake.lock', flake('o', '1'), flake('evil', '1'), flake('o', '2')],
  [
    'requirements-dev.txt',
    'a==1.0\n',
    '--index-url https://packages.evil.test/simple\na==1.0\n',
    'a==1.1 \\\n  --hash=sha256:0\nb==1.0 # new\n',
  ],
  [
    'requirements.txt',
    `-i ${HOME}/simple\na @ git+${HOME}/o/a@1\n`,
    `-i ${HOME}/simple\na @ git+${EVIL}/o/a@1\n`,
    `-i ${HOME}/simple/\na @ git+${HOME}/o/a@1\nb\n`,
  ],
  [
    'pnpm-lock.yaml',
    '---\na: 1\n---\npackages: {}\n',
    `---\na: 1\n---\npackages:\n  a@1.0.0: { resolution: { tarball: ${EVIL}/a.tgz } }\n`,
    '---\na: 2\n---\npackages:\n  a@1.0.0: { resolution: { integrity: x } }\n',
  ],
  ['bun.lock', bun('left-pad@1.2.0'), bun('left-pad@1.2.0', EVIL), bun('left-pad@1.3.0')],
  ['deno.lock', deno(HOME, '1.0.0'), deno(EVIL, '1.0.0'), deno(HOME, '1.1.0')],
])('%s: another place is told, another version is not (%#)', (path, before, offence, honest) => {
  expect(told(path, before, offence)).toHaveLength(1);
  expect(told(path, before, honest)).toEqual([]);
  expect(told(path, before, before)).toEqual([]);
});

test.each<[string, string]>([
  ['uv.lock', 'a = """\n[[package]]\n"""\n'],
  ['uv.lock', '[[package]]\nname = "a"\nname = "b"\n'],
  ['Cargo.lock', '[[package]]\nname = "a" x\n'],
  ['poetry.lock', 'package = 1\n[[package]]\nname = "a"\n'],
  ['yarn.lock', 'left-pad@^1.0.0\n  version "1"\n'],
  ['pnpm-lock.yaml', 'packages: &a {}\nsnapshots: *a\n'],
  ['go.sum', 'example.test/a v1.0.0\n'],
  ['composer.lock', '[]'],
  ['bun.lockb', '\0'],
  ['mix.lock', '%{}'],
])('%s that is not understood in full is told (%#)', (path, after) => {
  expect(told(path, '', after)[0]).toContain(`${path}: where its packages come from cannot be read`);
});

test('every lock file that the hand-over guards is looked into, whatever the case of its name, and nothing else', () => {
  const names = 'package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb deno.lock go.sum'.split(' ');
  const more = 'poetry uv pdm Pipfile Cargo Gemfile composer mix pubspec flake'.split(' ').map((name) => `${name}.lock`);
  for (const name of [...names, ...more])
    expect([name, isLock(`a/${name}`), isLockFile(`a/${name.toUpperCase()}`)]).toEqual([name, true, true]);
  expect(['package.json', 'src/yarn.lock.ts', 'lock'].map(isLockFile)).toEqual([false, false, false]);
});

test('the first registry of all is told once, with how many packages come from it; a second one, and an address of one package, in other words', () => {
  const name = (one: string) => ({ version: '1.0.0', resolved: `${HOME}/${one}/-/${one}-1.0.0.tgz` });
  const whole = npm({ 'node_modules/a': name('a'), 'node_modules/b': name('b'), 'node_modules/c': name('c') });
  expect(told('package-lock.json', undefined, whole)).toEqual([
    `package-lock.json: a and 2 more come from ${HOME}/{name}/-/{file}, and the base names no registry yet: the first one is for a person to allow`,
  ]);
  expect(told('app/package-lock.json', undefined, whole, [PAD])).toEqual([]);
  expect(told('app/package-lock.json', undefined, npm({ 'node_modules/left-pad': pad('1.0.0', EVIL) }), [PAD])).toEqual([
    `app/package-lock.json: left-pad comes from ${EVIL}/{name}/-/{file}, and no package of the base does`,
  ]);
  expect(told('go.mod', 'module m\n', 'module m\n\nreplace a.test/x => b.test/y v1.0.0\n').join()).toContain(
    'and no package of the base does',
  );
});
