/** Repositories whose user or whose own configuration would have a word in what git does. */
import { type Ground, plain } from '../ground.ts';
import type { Odd } from '../odd.ts';

const configured = (...settings: readonly (readonly [string, string])[]): ((at: Ground) => void) => {
  return (at) => {
    plain(at, { 'a.txt': 'a\nb\n', 'run.sh': '#!/bin/sh\n' });
    for (const [key, value] of settings) at.git('config', key, value);
  };
};

export const SETTINGS: readonly Odd[] = [
  {
    name: 'commit.gpgSign without a key',
    build: configured(['commit.gpgSign', 'true'], ['gpg.program', 'false'], ['tag.gpgSign', 'true']),
  },
  {
    name: 'i18n.commitEncoding, and commits in it',
    build: configured(['i18n.commitEncoding', 'ISO-8859-1'], ['i18n.logOutputEncoding', 'SHIFT-JIS']),
  },
  { name: 'core.ignoreCase', build: configured(['core.ignoreCase', 'true']) },
  { name: 'core.precomposeUnicode', build: configured(['core.precomposeUnicode', 'true']) },
  {
    name: 'hooks in .git/hooks',
    build: (at) => {
      plain(at);
      at.sh(`mkdir -p .git/hooks; for h in pre-commit post-commit post-checkout post-merge reference-transaction post-index-change pre-merge-commit update fsmonitor-watchman; do
        printf '#!/bin/sh\\ntouch %s\\n' ${at.marker} > .git/hooks/$h; chmod +x .git/hooks/$h; done`);
    },
  },
  {
    name: 'core.hooksPath that leads into the tree',
    build: (at) => {
      plain(at, { 'hooks/readme': 'x\n' });
      at.sh(
        `printf '#!/bin/sh\\ntouch "$(dirname "$0")/../../ran"\\n' > hooks/post-checkout; chmod +x hooks/post-checkout; cp hooks/post-checkout hooks/reference-transaction; git add -A; git commit -qm hooks; git config core.hooksPath hooks`,
      );
    },
  },
  {
    name: 'a template folder with hooks',
    build: (at) => {
      at.sh(
        `mkdir -p ../template/hooks; printf '#!/bin/sh\\ntouch %s\\n' ${at.marker} > ../template/hooks/reference-transaction; chmod +x ../template/hooks/*; git config --global init.templateDir "$PWD/../template"`,
      );
      plain(at);
    },
  },
  {
    name: 'a file system monitor',
    build: (at) => {
      plain(at);
      at.git('config', 'core.fsmonitor', `touch ${at.marker}; false`);
    },
  },
  {
    name: 'programs for everything',
    build: (at) => {
      plain(at);
      for (const key of [
        'core.pager',
        'core.editor',
        'core.sshCommand',
        'credential.helper',
        'alias.status',
        'core.askPass',
        'sequence.editor',
        'gpg.program',
        'core.gitProxy',
        'uploadpack.packObjectsHook',
        'core.alternateRefsCommand',
      ])
        at.git('config', key, key.startsWith('alias') ? `!touch ${at.marker}` : `touch ${at.marker}`);
    },
  },
  {
    name: 'url.insteadOf and a remote',
    build: configured(['url.file:///nowhere/.insteadOf', 'https://'], ['remote.origin.url', 'https://example.test/x']),
  },
  {
    name: 'includeIf that changes line ends',
    build: (at) => {
      plain(at, { 'a.txt': 'a\n' });
      at.sh(
        `printf '[core]\\n\\tcommentChar = %%\\n[merge]\\n\\tff = only\\n' > ../home/more; git config --global includeIf.onbranch:main.path "$HOME/more"`,
      );
    },
  },
  {
    name: 'an index of version 4',
    build: (at) => {
      plain(at);
      at.sh('git update-index --index-version 4');
    },
  },
  {
    name: 'a split index',
    build: (at) => {
      plain(at);
      at.sh('git config core.splitIndex true; git update-index --split-index');
    },
  },
  {
    name: 'an untracked cache',
    build: (at) => {
      plain(at);
      at.sh('git config core.untrackedCache true; git update-index --force-untracked-cache; git status -s');
    },
  },
  { name: 'feature.manyFiles', build: configured(['feature.manyFiles', 'true']) },
  {
    name: 'a configuration of the work tree',
    build: (at) => {
      plain(at);
      at.sh('git config extensions.worktreeConfig true; git config --worktree core.abbrev 12');
    },
  },
  {
    name: 'merge settings that refuse or rewrite',
    build: configured(
      ['merge.ff', 'false'],
      ['merge.renormalize', 'true'],
      ['pull.rebase', 'true'],
      ['branch.main.mergeOptions', '--no-commit'],
    ),
  },
  {
    name: 'diff settings that hide',
    build: configured(
      ['diff.renames', 'copies'],
      ['diff.noprefix', 'true'],
      ['diff.ignoreSubmodules', 'all'],
      ['status.showUntrackedFiles', 'no'],
      ['color.ui', 'always'],
    ),
  },
  {
    name: 'receive and transfer settings that refuse',
    build: configured(['receive.denyCurrentBranch', 'refuse'], ['transfer.fsckObjects', 'true'], ['core.logAllRefUpdates', 'always']),
  },
  {
    name: 'an identity that is asked for',
    build: configured(['user.useConfigOnly', 'true'], ['user.name', ''], ['author.email', 'x@example.test']),
  },
  {
    name: 'core.bigFileThreshold below every file',
    build: configured(['core.bigFileThreshold', '1'], ['core.compression', '0'], ['core.looseCompression', '9']),
  },
];
