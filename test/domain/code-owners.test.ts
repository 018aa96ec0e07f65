/** CODEOWNERS by the examples of GitHub's and GitLab's own documentation, and by what neither says and both refuse. */
import { describe, expect, test } from 'vitest';
import { type CodeOwnersHost, ownersOf, parseCodeOwners } from '../../domain/code-owners.ts';

/** The owners of a path, all sections together. */
function owners(host: CodeOwnersHost, text: string): (path: string) => string {
  const of = ownersOf(parseCodeOwners(text, host));
  return (path) =>
    of(path)
      .flatMap((rule) => rule.owners)
      .join(' ');
}
const notes = (host: CodeOwnersHost, text: string): readonly string[] => parseCodeOwners(text, host).notes;

/** GitHub, "About code owners", "Example of a CODEOWNERS file". */
const GITHUB = `# This is a comment.
# Each line is a file pattern followed by one or more owners.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
`;

describe('GitHub', () => {
  test.each([
    ['README', '@global-owner1 @global-owner2'],
    ['deep/er/README', '@global-owner1 @global-owner2'],
    ['src/a.js', '@js-owner'],
    ['a.go', 'docs@example.com'],
    ['x/y/a.txt', '@octo-org/octocats'],
    ['scripts/deep/run', '@doctocat @octocat'],
    ['build/logs/a', '@octocat'],
    ['build/a', '@global-owner1 @global-owner2'],
    ['deeply/nested/logs/x/y', '@octocat'],
    ['src/apps/main', '@octocat'],
    ['docs/getting-started', '@doctocat'],
    ['apps/main', '@octocat'],
    ['apps/github', ''],
    ['apps/github/deep/x.js', ''],
    ['src/apps/github/x', '@octocat'],
  ])('the example of its documentation: %s is owned by "%s"', (path, who) => expect(owners('github', GITHUB)(path)).toBe(who));

  test.each<[pattern: string, named: string[], not: string[]]>([
    ['docs/*', ['docs/getting-started.md'], ['docs/build-app/troubleshooting.md', 'src/docs/a.md', 'docs2/a']],
    ['/docs/', ['docs/a', 'docs/a/b', 'DOCS/a'], ['src/docs/a']],
    ['docs/', ['docs/a', 'src/docs/a/b'], ['mydocs/a']],
    ['foo', ['foo', 'foo/bar', 'bar/foo', 'bar/foo/baz'], ['foo.txt', 'bar/foo.txt']],
    ['/foo', ['foo', 'foo/bar/baz'], ['bar/foo', 'fool.txt']],
    ['foo/bar', ['foo/bar', 'foo/bar/baz'], ['foo/bart', 'baz/foo/bar']],
    ['/*', ['foo'], ['foo/bar']],
    ['f*', ['foo', 'foo/bar', 'bar/foo', 'bar/foo/baz'], ['bar/baz', 'xfoo']],
    ['foo/*.txt', ['foo/bar.txt'], ['foo/bar/baz.txt', 'qux/foo/bar.txt']],
    ['foo/*/baz', ['foo/bar/baz', 'foo/bar/baz/qux'], ['foo/baz', 'foo/bar']],
    ['f?o', ['foo'], ['fo', 'fooo']],
    ['**/foo/bar', ['foo/bar', 'qux/foo/bar/baz'], ['foo/baz/bar']],
    ['foo/**', ['foo/bar', 'foo/bar/baz'], ['qux/foo/bar']],
    ['foo/**/bar', ['foo/bar', 'foo/a/b/bar/baz'], ['qux/foo/bar']],
    ['/a\\ b/', ['a b/c'], ['a/c', 'b/c']],
    ['*', ['a', 'a/b/c'], []],
    ['{a,b}/', ['x/{a,b}/c'], ['a/c']],
  ])('%s names %j and not %j', (pattern, named, not) => {
    const of = owners('github', `${pattern} @o`);
    expect(named.map(of)).toEqual(named.map(() => '@o'));
    expect(not.map(of)).toEqual(not.map(() => ''));
    expect(notes('github', `${pattern} @o`)).toEqual([]);
  });

  test('the last line that names a path decides, whichever case it is written in; what takes away does so only by the very name', () => {
    const of = owners('github', '/src/ @a\n/src/free\n/SRC/free/paid @b\n');
    expect(['src/x', 'src/free/x', 'src/Free/x', 'src/free/paid'].map(of)).toEqual(['@a', '', '@a', '@b']);
  });

  test('a file that takes the place of an owned folder is owned; of a folder that is not owned it is', () => {
    expect(owners('github', '/src/ @a\n')('src')).toBe('@a');
    expect(owners('github', '* @a\n/src/\n')('src/x')).toBe('');
    expect(owners('github', '* @a\n/src/\n')('src')).toBe('@a');
  });

  test.each<[what: string, text: string, owned: string[], free: string[]]>([
    ['a set of characters owns what either reading names', 'app/[id]/x @o', ['app/[id]/x', 'app/i/x'], ['app/page/x']],
    ['and takes nothing away', '* @o\napp/[id]/x', ['app/[id]/x', 'app/i/x'], []],
    ['an exception by "!" does not exist', 'src/ @o\n!src/a @p', ['src/a'], ['b']],
    ['an escaped "#" owns that name', '\\#a @o', ['#a', 'x/#a'], ['a']],
    ['and takes nothing away', '* @o\n\\#a', ['#a'], []],
    ['an escaped wildcard owns more', 'a\\*b @o', ['a*b', 'axb'], ['ab', 'axxb']],
    ['and takes nothing away', '* @o\na\\*b', ['a*b'], []],
    ['three stars are any folders', 'a/***/b @o', ['a/x/y/b'], ['b']],
    ['a section is one of GitLab', '* @o\n[Docs] @d', ['D', 'x'], []],
    ['a lone slash names nothing', '/ @o', [], ['a']],
  ])('%s, and says so', (_what, text, owned, free) => {
    const of = owners('github', text);
    expect(owned.map(of)).toEqual(owned.map(() => '@o'));
    expect(free.map(of)).toEqual(free.map(() => ''));
    expect(notes('github', text)).toHaveLength(1);
    expect(notes('github', text)[0]).toMatch(/^line \d: /);
  });
});

/** GitLab, "Syntax of CODEOWNERS file". */
const SECTIONS = `* @admin

[README Owners]
README.md @user1 @user2
internal/README.md @user4

[README other owners]
README.md @user3
`;
const DEFAULTS = `[Documentation] @docs-team
docs/
README.md

[Database] @database-team @agarcia
model/db/
config/db/database-setup.md @docs-team
`;
const EXCLUSIONS = `* @default
!pom.xml
!*.rb
/special/*.rb @ruby-owner

[Ruby]
*.rb @ruby-team
!/config/**/*.rb
/config/routes.rb @ops
`;

describe('GitLab', () => {
  test.each([
    [SECTIONS, 'README.md', '@admin @user1 @user2 @user3'],
    [SECTIONS, 'internal/README.md', '@admin @user4 @user3'],
    [SECTIONS, 'a.rb', '@admin'],
    [DEFAULTS, 'docs/a/b', '@docs-team'],
    [DEFAULTS, 'x/model/db/a', '@database-team @agarcia'],
    [DEFAULTS, 'config/db/database-setup.md', '@docs-team'],
    [DEFAULTS, 'src/a', ''],
    [EXCLUSIONS, 'a.txt', '@default'],
    [EXCLUSIONS, 'x/pom.xml', ''],
    [EXCLUSIONS, 'special/a.rb', '@ruby-team'],
    [EXCLUSIONS, 'config/routes.rb', ''],
    [EXCLUSIONS, 'app/a.rb', '@ruby-team'],
  ])('the example of its documentation (%#): %s', (text, path, who) => expect(owners('gitlab', text)(path)).toBe(who));

  test.each<[pattern: string, named: string[], not: string[]]>([
    ['README.md', ['README.md', 'app/lib/README.md'], ['README.mdx']],
    ['internal/README.md', ['internal/README.md', 'docs/api/internal/README.md'], ['README.md']],
    ['/docs/README.md', ['docs/README.md'], ['x/docs/README.md']],
    ['/docs/', ['docs/a', 'docs/a/b'], ['x/docs/a']],
    ['lib/', ['lib/a', 'x/lib/a/b'], ['lib2/a']],
    ['/docs/*', ['docs/index.md'], ['docs/projects/index.md']],
    ['/docs/*.md', ['docs/a.md'], ['docs/x/a.md']],
    ['/docs/*/README.md', ['docs/api/README.md'], ['docs/README.md']],
    ['/docs/**/index.md', ['docs/index.md', 'docs/api/graphql/index.md'], ['index.md']],
    ['\\#file_with_pound.rb', ['#file_with_pound.rb', 'x/#file_with_pound.rb'], ['file_with_pound.rb']],
    ['path\\ with\\ spaces/', ['path with spaces/x', 'a/path with spaces/x'], ['path/x']],
    ['*', ['a', 'a/b'], []],
  ])('%s names %j and not %j', (pattern, named, not) => {
    const of = owners('gitlab', `${pattern} @o`);
    expect(named.map(of)).toEqual(named.map(() => '@o'));
    expect(not.map(of)).toEqual(not.map(() => ''));
    expect(notes('gitlab', `${pattern} @o`)).toEqual([]);
  });

  test('what is excluded is that file and nothing below its name; what cannot be said exactly excludes nothing', () => {
    expect(['a', 'x/a', 'a/b'].map(owners('gitlab', '* @o\n!a\n'))).toEqual(['', '', '@o']);
    expect(['gen/x', 'gen/x/y'].map(owners('gitlab', '* @o\n!/gen/**\n'))).toEqual(['', '@o']);
    expect(owners('gitlab', '* @o\n![ab].rb\n')('a.rb')).toBe('@o');
    expect(notes('gitlab', '* @o\n![ab].rb\n')).toHaveLength(1);
  });

  test('a section asks for as many approvals as it says, an optional one too, and sections of one name are one', () => {
    const text = '[A][2] @o\nsrc/\n^[B]\nsrc/ @p\n[a]\nsrc/free\n';
    const of = ownersOf(parseCodeOwners(text, 'gitlab'));
    expect(of('src/x').map(({ owners: who, min }) => [who.join(), min])).toEqual([
      ['@o', 2],
      ['@p', 1],
    ]);
    expect(of('src/free').map(({ owners: who }) => who.join())).toEqual(['@p']);
  });
});
