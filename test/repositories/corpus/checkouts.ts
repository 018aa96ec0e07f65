/** Repositories whose checkout is not as a fresh clone's: hidden bits, open operations, linked work trees, other layouts. */
import { type Ground, plain } from '../ground.ts';
import { DEFAULT_COMMAND, type Odd } from '../odd.ts';

const FILES = { 'a.txt': 'a\n', 'dir/b.txt': 'b\n', 'other/c.txt': 'c\n' };
const after = (script: string): ((at: Ground) => void) => {
  return (at) => {
    plain(at, FILES);
    at.sh(script);
  };
};

export const CHECKOUTS: readonly Odd[] = [
  {
    name: 'a skip-worktree file with local content, which the release changes',
    build: after('git update-index --skip-worktree kept.txt; echo local > kept.txt'),
    ends: { stopped: 'TARGET_DIRTY' },
  },
  {
    name: 'a skip-worktree file with local content, which the release leaves alone',
    build: after('git update-index --skip-worktree a.txt; echo local > a.txt'),
  },
  {
    name: 'an assume-unchanged file with local content, which the release changes',
    build: after('git update-index --assume-unchanged kept.txt; echo local > kept.txt'),
    ends: { stopped: 'TARGET_DIRTY' },
  },
  {
    name: 'an assume-unchanged file with local content, which the release leaves alone',
    build: after('git update-index --assume-unchanged a.txt; echo local > a.txt'),
  },
  { name: 'core.fileMode off and other modes on disk', build: after('git config core.fileMode false; chmod +x a.txt kept.txt') },
  {
    name: 'core.symlinks off, with a link as a file',
    build: after(`ln -s a.txt link; git add -A; git commit -qm link; git config core.symlinks false; rm link; printf a.txt > link`),
  },
  {
    name: 'core.autocrlf=true with carriage returns on disk',
    build: after(`git config core.autocrlf true; rm kept.txt a.txt; git checkout -q -- .`),
  },
  { name: 'core.autocrlf=input', build: after('git config core.autocrlf input') },
  { name: 'a sparse checkout by folders', build: after('git sparse-checkout set dir') },
  {
    name: 'a sparse checkout by patterns, where the release changes what is not there',
    build: after(`git sparse-checkout set --no-cone '/a.txt' '/added.txt'`),
  },
  {
    name: 'a sparse index',
    build: after('git sparse-checkout set --sparse-index dir'),
    command: `printf x > other/c.txt; ${DEFAULT_COMMAND}`,
    changes: { 'other/c.txt': 'x', 'kept.txt': 'changed\n' },
  },
  { name: 'uncommitted changes', build: after('echo mine >> a.txt'), ends: { stopped: 'TARGET_DIRTY' } },
  { name: 'staged changes', build: after('echo mine >> a.txt; git add a.txt'), ends: { stopped: 'TARGET_DIRTY' } },
  { name: 'an untracked file in the way', build: after('echo mine > added.txt'), ends: { stopped: 'TARGET_DIRTY' } },
  { name: 'untracked files that are not in the way', build: after('echo mine > mine.txt; mkdir new; echo x > new/x') },
  {
    name: 'a branch that is being rebased',
    build: after(
      'git checkout -q -b side HEAD; echo s > a.txt; git commit -qam s; git checkout -q main; echo m > a.txt; git commit -qam m; git rebase -q side || true',
    ),
    ends: { stopped: 'TARGET_DIRTY' },
  },
  {
    name: 'a branch that is being bisected',
    build: after(
      'for i in 1 2 3 4; do echo $i > n; git add -A; git commit -qm $i; done; git bisect start -q; git bisect bad -q 2>/dev/null || git bisect bad; git bisect good HEAD~3',
    ),
    ends: { stopped: 'TARGET_DIRTY' },
  },
  {
    name: 'main as a symbolic ref to master',
    build: after('git branch -m main master; git symbolic-ref refs/heads/main refs/heads/master; git symbolic-ref HEAD refs/heads/main'),
  },
  { name: 'a linked work tree', build: after('git checkout -q --detach; git worktree add -q ../linked main'), repo: 'linked' },
  {
    name: 'a work tree that was made from a work tree',
    build: after(
      'git worktree add -q -b x ../one; cd ../one; git checkout -q --detach; git -C ../repo checkout -q --detach; git worktree add -q ../two main',
    ),
    repo: 'two',
  },
  {
    name: 'the branch checked out in another work tree than the one that is named',
    build: after('git checkout -q -b work; git worktree add -q ../linked main'),
    checkout: 'linked',
  },
  {
    name: 'a git dir elsewhere',
    build: (at) => {
      at.sh('git init -q -b main --separate-git-dir ../data.git .');
      plain(at, FILES);
    },
  },
  {
    name: 'the layout with .bare',
    build: (at) => {
      plain(at);
      at.sh(`git clone -q --bare . ../hub/.bare; cd ../hub; echo 'gitdir: ./.bare' > .git; git worktree add -q main main`);
    },
    repo: 'hub/main',
  },
  {
    name: 'a submodule of another repository',
    build: (at) => {
      plain(at);
      at.sh(
        `git init -q -b main ../super; cd ../super; git submodule --quiet add ../repo sub; git commit -qm sub; git -C sub checkout -q main`,
      );
    },
    repo: 'super/sub',
  },
  {
    name: 'a partial clone with missing files',
    build: (at) => {
      plain(at, { ...FILES, big: 'x'.repeat(5000) });
      at.sh(
        `git rm -q big; git commit -qm gone; git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true; mv ../repo ../full; git clone -q --filter=blob:none file://$(cd ../full; pwd) ../repo`,
      );
    },
  },
  {
    name: 'ids of SHA-256',
    build: (at) => {
      at.sh('git init -q -b main --object-format=sha256 .');
      plain(at, { ...FILES, '.gitattributes': '*.bat text eol=crlf\n', 'x.bat': 'x\n' });
    },
    command: `printf 'y\\r\\n' > x.bat; ${DEFAULT_COMMAND}`,
    changes: { 'x.bat': 'y\n', 'kept.txt': 'changed\n' },
  },
  { name: 'core.sharedRepository', build: after('git config core.sharedRepository group; chmod -R g+w .git') },
  { name: 'a branch called governor', build: after('git branch governor'), ends: { refused: /governor/ } },
  {
    name: 'core.worktree elsewhere',
    build: (at) => {
      plain(at);
      at.sh('mkdir ../tree; git config core.worktree "$PWD/../tree"; git reset -q --hard');
    },
    repo: 'repo',
    checkout: null,
    ends: { refused: /core\.worktree/ },
  },
  { name: 'a lock on the index', build: after('touch .git/index.lock'), ends: { stopped: 'TARGET_DIRTY' } },
];
