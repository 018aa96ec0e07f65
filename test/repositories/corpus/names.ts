/** Repositories with files of odd names, modes and kinds. */
import { type Ground, plain } from '../ground.ts';
import { DEFAULT_COMMAND, type Odd } from '../odd.ts';

const NAMES = [
  'quote"d',
  "it's",
  'tab\there',
  'two\nlines',
  'sep\u2028arator',
  '-rf',
  ':(top)',
  '*',
  'trailing ',
  '\u{1f600}',
  'x'.repeat(255),
  '#no',
  '!not',
];
const deep = Array.from({ length: 40 }, (_, index) => `folder-${index}-${'x'.repeat(8)}`).join('/');

/** Tracked files with these names, and a file that the agent changes. */
function named(at: Ground, names: readonly string[]): void {
  plain(at, Object.fromEntries(names.map((name) => [name, `${name}\n`])));
}

export const NAMED: readonly Odd[] = [
  {
    name: 'names with quotes, tabs, newlines, U+2028, 255 bytes and what looks like options and patterns',
    build: (at) => named(at, NAMES),
  },
  {
    name: 'names that are not UTF-8',
    build: (at) => {
      plain(at);
      at.sh(`d="$(printf 'f\\377')"; mkdir "$d"; echo x > "$d/$d"; printf x > "$(printf 'latin\\351')"; git add -A; git commit -qm bytes`);
    },
  },
  {
    name: 'names that differ by case alone',
    build: (at) => named(at, ['A/b', 'a/b', 'a/B', 'README', 'readme']),
    command: `printf x > a/B; printf y > A/b`,
    changes: { 'a/B': 'x', 'A/b': 'y' },
  },
  {
    name: 'names that differ by Unicode form alone',
    build: (at) => named(at, ['\u00e9', 'e\u0301', 'a\u030a/x']),
    command: `printf x > "$(printf 'e\\314\\201')"`,
    changes: { 'e\u0301': 'x' },
  },
  {
    name: 'a path of a thousand bytes',
    build: (at) => named(at, [`${deep}/a`]),
    command: `cd ${deep} && printf x > b`,
    changes: { [`${deep}/b`]: 'x' },
  },
  {
    name: 'links: into a folder, to nothing, in a circle',
    build: (at) => {
      plain(at, { 'dir/a': 'a\n' });
      at.sh('ln -s dir to-dir; ln -s nowhere to-nothing; ln -s circle circle; git add -A; git commit -qm links');
    },
    command: 'ln -s dir/a new; ln -sfn kept.txt to-nothing; printf b > dir/b',
    changes: { new: { content: 'dir/a', mode: '120000' }, 'to-nothing': { content: 'kept.txt', mode: '120000' }, 'dir/b': 'b' },
  },
  {
    name: 'files that can be run, and one that is made so',
    build: (at) => {
      plain(at, { run: 'x\n', other: 'x\n' });
      at.sh('chmod +x run; git add -A; git commit -qm modes');
    },
    command: 'chmod +x other; printf y > run; printf n > new; chmod 755 new',
    changes: { other: { mode: '100755' }, run: 'y', new: { content: 'n', mode: '100755' } },
  },
  {
    name: 'a mode that git writes no more',
    build: (at) => {
      at.git('init', '-q', '-b', 'main');
      at.commitRows(`100664 blob ${at.blob('old\n')}\told`, `100664 blob ${at.blob('older\n')}\tolder`);
    },
    command: `printf 'new\\n' > older`,
    changes: { older: 'new\n' },
  },
  {
    name: 'a submodule, while a command deletes empty folders',
    build: (at) => {
      plain(at, { '.gitmodules': '[submodule "sub"]\n\tpath = sub\n\turl = ext::sh -c touch% ran\n' });
      at.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
      at.git('commit', '-qm', 'submodule');
      at.sh('mkdir sub');
    },
    command: `find . -type d -empty -delete; ${DEFAULT_COMMAND}`,
    changes: { 'kept.txt': 'changed\n' },
  },
  {
    name: 'a submodule that is checked out',
    build: (at) => {
      plain(at);
      at.sh(
        `git init -q ../inner; cd ../inner; echo x > x; git add -A; git commit -qm x; cd ../repo; git submodule --quiet add ../inner sub; git commit -qm sub`,
      );
    },
  },
  {
    name: 'a repository in the tree that a command makes, and a bare one that is tracked',
    build: (at) => {
      plain(at);
      at.sh(
        `git init -q --bare -b main fixture.git; rm -r fixture.git/hooks; git -C fixture.git config core.fsmonitor 'touch "$HOME/../ran"'; touch fixture.git/refs/k fixture.git/objects/k; git add -A; git commit -qm bare`,
      );
    },
    command: `git init -q nested; printf x > nested/x; git -C nested config core.fsmonitor 'touch ../../ran'`,
    changes: { 'nested/x': 'x' },
  },
  {
    name: 'ignore rules of the tree, tracked files that they name, and files that a command makes under them',
    build: (at) => {
      plain(at, { '.gitignore': '*.log\nbuild/\n', 'sub/.gitignore': '!keep.log\n' });
      at.sh('echo x > kept.log; git add -f kept.log; git commit -qm log');
    },
    command: 'mkdir -p build sub; printf x > build/x; printf x > a.log; printf x > sub/keep.log; printf y > kept.log',
    changes: { 'sub/keep.log': 'x', 'kept.log': 'y' },
  },
  {
    name: 'ignore rules of the user alone',
    build: (at) => {
      plain(at);
      at.sh(`echo .idea/ >> .git/info/exclude; mkdir -p ../home/.config/git; echo '*.swp' > ../home/.config/git/ignore`);
    },
    command: `mkdir .idea; printf x > .idea/x; printf x > a.swp; printf x > a.txt`,
    changes: { 'a.txt': 'x' },
  },
  {
    name: 'a thousand files in one folder',
    build: (at) => {
      plain(at);
      at.sh('mkdir many; cd many; for i in $(seq 1000); do echo $i > f$i; done; git add -A; git commit -qm many');
    },
    command: 'printf x > many/f7; rm many/f8',
    changes: { 'many/f7': 'x', 'many/f8': null },
  },
  {
    name: 'a folder that becomes a file, and a file that becomes a folder',
    build: (at) => plain(at, { 'dir/a': 'a', 'dir/b/c': 'c', file: 'f', 'file.x': 'x' }),
    command: 'rm -r dir; printf now > dir; rm file; mkdir file; printf in > file/in',
    changes: { 'dir/a': null, 'dir/b/c': null, dir: 'now', file: null, 'file/in': 'in' },
  },
  {
    name: 'an empty folder that an old tree holds',
    build: (at) => {
      at.git('init', '-q', '-b', 'main');
      const empty = at.gitIn(at.repo, ['mktree'], '');
      at.commitRows(`040000 tree ${empty}\tempty`);
    },
  },
];
