/** Repositories whose files are stored in other ways than as they are. */
import type { Ground } from '../ground.ts';
import { plain } from '../ground.ts';
import { DEFAULT_COMMAND, type Odd } from '../odd.ts';

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 3\n`;

/** A PATH on which `git lfs` is not a command. */
function withoutLfs(at: Ground): Readonly<Record<string, string>> {
  at.sh(`mkdir ../bin; printf '#!/bin/sh\\nexit 1\\n' > ../bin/git-lfs; chmod +x ../bin/git-lfs`);
  return { PATH: `${at.folder}/bin:${process.env['PATH'] ?? ''}` };
}

/** Attributes in the tree, and files with exactly these bytes as blobs. */
function stored(at: Ground, attributes: string, files: Readonly<Record<string, string | Buffer>>): void {
  at.git('init', '-q', '-b', 'main');
  const rows = Object.entries({ '.gitattributes': attributes, ...files }).map(
    ([path, content]) => `100644 blob ${at.blob(content)}\t${path}`,
  );
  at.commitRows(...rows);
}

export const CONTENTS: readonly Odd[] = [
  { name: 'nothing odd', build: (at) => plain(at) },
  {
    name: 'files with carriage returns, under a text attribute that the candidate brings',
    build: (at) => stored(at, '', { 'a.txt': 'one\r\ntwo\r\n', 'b.txt': 'x\r\n' }),
    command: `printf '*.txt text\\n' > .gitattributes; touch a.txt b.txt`,
    changes: { '.gitattributes': '*.txt text\n' },
  },
  {
    name: 'ident and an encoding that the candidate brings',
    build: (at) => stored(at, '', { 'a.c': '$Id: of CVS $\n', 'a.md': 'x\n' }),
    command: `printf '*.c ident\\n*.md working-tree-encoding=UTF-16\\n' > .gitattributes; touch a.c a.md`,
    changes: { '.gitattributes': '*.c ident\n*.md working-tree-encoding=UTF-16\n' },
  },
  {
    name: 'carriage returns on disk by eol=crlf, also in a folder of its own',
    build: (at) => stored(at, '*.bat text eol=crlf\n', { 'a.bat': 'rem\n', 'b.bat': 'b\n', 'c.txt': 'c\n' }),
    command: `printf 'rem\\r\\necho\\r\\n' > a.bat; printf 'new\\n' > n.bat; printf 'c\\r\\n' > c.txt`,
    changes: { 'a.bat': 'rem\necho\n', 'n.bat': 'new\n', 'c.txt': 'c\r\n' },
  },
  {
    name: 'text=auto with files that break it',
    build: (at) => stored(at, '* text=auto\n', { 'crlf.txt': 'a\r\n', 'lf.txt': 'a\n', 'mixed.txt': 'a\r\nb\n' }),
    command: `printf 'a\\r\\nb\\r\\n' > crlf.txt; printf 'a\\r\\nb\\r\\n' > lf.txt; printf 'x\\0\\r\\n' > bin`,
    changes: { 'crlf.txt': 'a\r\nb\r\n', 'lf.txt': 'a\nb\n', bin: 'x\0\r\n' },
  },
  {
    name: 'ident in the base',
    build: (at) => stored(at, '*.c ident\n', { 'a.c': '$Id$\nx\n', 'b.c': '$Id$\n' }),
    command: `grep -q '^.Id: [0-9a-f]' a.c; echo y >> a.c`,
    changes: { 'a.c': '$Id$\nx\ny\n' },
  },
  {
    name: 'UTF-16 on disk by working-tree-encoding',
    build: (at) => stored(at, '*.csv text working-tree-encoding=UTF-16LE-BOM\n', { 'a.csv': 'é\n', 'b.csv': 'b\n' }),
    command: `printf '\\377\\376n\\0\\n\\0' > n.csv; printf 'p\\n' > p.csv`,
    changes: { 'n.csv': 'n\n', 'p.csv': 'p\n' },
  },
  {
    name: 'attributes in a folder, a macro, and attributes of the user that say otherwise',
    build: (at) => {
      stored(at, '[attr]dos text eol=crlf\nsub/*.d dos\n', { 'a.txt': 'a\n' });
      at.sh(`mkdir sub; printf '*.t text\\n' > sub/.gitattributes; printf 'x\\n' > sub/x.d; git add -A; git commit -qm more`);
      at.sh(
        `mkdir -p .git/info; printf '*.t -text\\n' > .git/info/attributes; printf '* -text\\n' > ../home/attributes; git config core.attributesFile ../home/attributes`,
      );
    },
    command: `printf 'n\\r\\n' > sub/n.d; printf 'n\\r\\n' > sub/n.t; printf 'n\\r\\n' > n.t`,
    changes: { 'sub/n.d': 'n\n', 'sub/n.t': 'n\n', 'n.t': 'n\r\n' },
  },
  {
    name: 'pointers of LFS, moved and copied without git lfs',
    build: (at) => stored(at, '*.bin filter=lfs diff=lfs merge=lfs -text\n', { 'a.bin': POINTER, 'b.bin': POINTER }),
    command: 'mv a.bin c.bin; cp b.bin d.bin',
    changes: { 'a.bin': null, 'c.bin': POINTER, 'd.bin': POINTER },
    environment: withoutLfs,
  },
  {
    name: 'content of LFS that a command writes without git lfs',
    build: (at) => stored(at, '*.bin filter=lfs diff=lfs merge=lfs -text\n', { 'a.bin': POINTER }),
    command: `printf 'raw\\0' > a.bin`,
    environment: withoutLfs,
    ends: { stopped: 'FILE_UNSTORABLE' },
  },
  {
    name: 'a filter of the base that is not run, beside files that nobody touched',
    build: (at) => {
      stored(at, '*.key filter=crypt\n', { 'a.key': 'sealed' });
      at.git('config', 'filter.crypt.clean', `touch ${at.marker}; cat`);
    },
  },
  {
    name: 'a local smudge filter that the candidate names',
    build: (at) => {
      plain(at);
      for (const verb of ['smudge', 'clean']) at.git('config', `filter.evil.${verb}`, `touch ${at.marker}; cat`);
    },
    command: `printf '* filter=evil\\n' > .gitattributes; printf 'changed\\n' > kept.txt`,
    changes: { '.gitattributes': '* filter=evil\n', 'kept.txt': 'changed\n' },
    ends: { stopped: 'TARGET_DIRTY' },
  },
  {
    name: 'a local filter that the candidate names, with another branch checked out',
    build: (at) => {
      plain(at);
      for (const verb of ['smudge', 'clean']) at.git('config', `filter.evil.${verb}`, `touch ${at.marker}; cat`);
      at.sh('git checkout -q -b work');
    },
    command: `printf '* filter=evil\\n' > .gitattributes; printf 'changed\\n' > kept.txt`,
    changes: { '.gitattributes': '* filter=evil\n', 'kept.txt': 'changed\n' },
    follows: false,
  },
  {
    name: 'a filter of the whole machine that the candidate names',
    build: (at) => {
      plain(at);
      at.sh(`git config --global filter.evil.clean 'touch ${at.marker}; cat'`);
    },
    command: `printf '*.txt filter=evil\\n' > .gitattributes; ${DEFAULT_COMMAND}`,
    changes: { '.gitattributes': '*.txt filter=evil\n', 'kept.txt': 'changed\n' },
    ends: { stopped: 'TARGET_DIRTY' },
  },
  {
    name: 'a merge driver, a diff program and a textconv that the tree names',
    build: (at) => {
      plain(at, { '.gitattributes': '* merge=evil diff=evil\n' });
      for (const key of ['merge.evil.driver', 'diff.evil.command', 'diff.evil.textconv', 'diff.external'])
        at.git('config', key, `touch ${at.marker}`);
    },
  },
];
