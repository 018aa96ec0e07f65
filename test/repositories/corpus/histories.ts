/** Repositories with odd histories, refs and object stores. */
import { plain } from '../ground.ts';
import type { Odd } from '../odd.ts';

export const HISTORIES: readonly Odd[] = [
  {
    name: 'an octopus merge',
    build: (at) => {
      plain(at);
      at.sh(
        'for b in x y z; do git checkout -q -b $b main; echo $b > $b; git add -A; git commit -qm $b; done; git checkout -q main; git merge -q -m octopus x y z',
      );
    },
  },
  {
    name: 'several root commits',
    build: (at) => {
      plain(at);
      at.sh(
        'git checkout -q --orphan other; git rm -rfq .; echo o > o; git add -A; git commit -qm root2; git checkout -q main; git merge -q --allow-unrelated-histories -m both other',
      );
    },
  },
  {
    name: 'packed refs and packed objects',
    build: (at) => {
      plain(at);
      at.sh('git branch -q a/b; git tag v1; git gc -q; git pack-refs --all; git prune-packed');
    },
  },
  {
    name: 'a commit graph, bitmaps and an index over packs',
    build: (at) => {
      plain(at);
      at.sh('git repack -adbq; git commit-graph write --reachable; git multi-pack-index write');
    },
  },
  {
    name: 'alternates',
    build: (at) => {
      at.sh(`git init -q -b main ../store`);
      plain(at);
      at.sh(
        'git clone -q --bare . ../store2; rm -rf .git/objects/??; echo "$PWD/../store2/objects" > .git/objects/info/alternates; git status -s',
      );
    },
  },
  {
    name: 'a shallow clone',
    build: (at) => {
      plain(at);
      at.sh('echo 2 > two; git add -A; git commit -qm two; mv ../repo ../full; git clone -q --depth 1 file://$(cd ../full; pwd) ../repo');
    },
  },
  {
    name: 'a replaced file of the base',
    build: (at) => {
      plain(at, { 'a.txt': 'true\n' });
      at.sh(`git replace $(git rev-parse HEAD:a.txt) $(echo false | git hash-object -w --stdin)`);
    },
    ends: { refused: /refs\/replace/ },
  },
  {
    name: 'grafts',
    build: (at) => {
      plain(at);
      at.sh('echo 2 > two; git add -A; git commit -qm two; mkdir -p .git/info; git rev-parse HEAD > .git/info/grafts');
    },
  },
  {
    name: 'a tag named like the branch',
    build: (at) => {
      plain(at);
      at.sh(
        'git commit -q --allow-empty -m other; git tag main; git reset -q --soft HEAD; git commit -q --allow-empty -m newer; git tag -f heads/main HEAD~1',
      );
    },
  },
  {
    name: 'a remote branch and a ref that are named like the branch',
    build: (at) => {
      plain(at);
      at.sh('git update-ref refs/remotes/origin/main HEAD; git update-ref refs/main HEAD; git update-ref refs/remotes/main/HEAD HEAD');
    },
  },
  {
    name: 'a detached HEAD',
    build: (at) => {
      plain(at);
      at.sh('git checkout -q --detach');
    },
    follows: false,
  },
  {
    name: 'another branch checked out',
    build: (at) => {
      plain(at);
      at.sh('git checkout -q -b work; echo mine > kept.txt');
    },
    follows: false,
  },
  {
    name: 'no commit yet',
    build: (at) => {
      at.git('init', '-q', '-b', 'main');
      at.put('governor.yaml', 'version: 1\n');
    },
    ends: { refused: /no commit yet|no such branch/ },
  },
  {
    name: 'a commit without an author name, in an encoding that it does not name',
    build: (at) => {
      plain(at);
      at.sh(
        `tree=$(git rev-parse HEAD^{tree}); printf 'tree %s\\nauthor <> 0 +0000\\ncommitter A\\351 <a@b> 99999999999 +1234\\nencoding latin-1\\n\\nb\\351\\n' $tree > ../commit; git reset -q --soft $(git hash-object -t commit -w --literally ../commit)`,
      );
    },
  },
  {
    name: 'a reflog that is off, and refs that are logged',
    build: (at) => {
      plain(at);
      at.sh('git config core.logAllRefUpdates false; rm -rf .git/logs');
    },
  },
  {
    name: 'a bare repository',
    build: (at) => {
      plain(at);
      at.sh('git clone -q --bare . ../bare.git');
    },
    repo: 'bare.git',
    checkout: null,
  },
  {
    name: 'refs in a table',
    build: (at) => {
      at.sh('git init -q --ref-format=reftable -b main .');
      plain(at);
    },
    needsGit: [2, 45],
  },
  {
    name: 'five hundred branches and tags',
    build: (at) => {
      plain(at);
      at.sh(
        'for i in $(seq 500); do echo "create refs/heads/b/$i $(git rev-parse HEAD)"; echo "create refs/tags/t$i $(git rev-parse HEAD)"; done > ../refs; git update-ref --stdin < ../refs',
      );
    },
  },
];
