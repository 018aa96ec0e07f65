/** Red lines are judged on the difference of trees. */
import { describe, expect, test } from 'vitest';
import { redLines } from '../../../../nodes/review/checks/red-lines.ts';
import { review } from './review.ts';

const MONEY = { protect: [{ id: 'money', paths: ['payments/**'], reason: 'moves money' }] };
const RATE = 'export const rate = 1;\nexport const other = 2;\n';

describe('red lines', () => {
  const lines = async (what: Parameters<typeof review>[1]) =>
    (await review(redLines, { config: MONEY, ...what })).redLines.map((line) => `${line.rule_id} ${line.paths.join(' ')}`);
  const base = { 'payments/rate.js': RATE };

  test('renames count on both sides, deletions, modes and links count, whatever the case', async () => {
    expect(await lines({ base, candidate: { 'payments/rate.js': null, 'x.js': RATE } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base: { 'x.js': RATE }, candidate: { 'x.js': null, ...base } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': null } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': { run: RATE } } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': { link: '../x' } } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'Payments/RATE.js': 'x' } })).toEqual(['money Payments/RATE.js']);
  });

  test('a folder by its name, and names with brackets, are protected; only a request of an earlier version knows alternatives', async () => {
    const config = (paths: string[], more: object = {}) => ({ ...more, protect: [{ id: 'money', paths, reason: 'r' }] });
    const candidate = { 'app/(admin)/[id]/a.js': 'x', 'pay/a.js': 'x' };
    for (const path of ['app/(admin)/', 'APP/(Admin)', 'app/(admin)/[id]/**'])
      expect(await lines({ base: {}, candidate, config: config([path], { patterns: 2 }) })).toEqual(['money app/(admin)/[id]/a.js']);
    expect(await lines({ base: {}, candidate, config: config(['pay/{a,b}.js']) })).toEqual(['money pay/a.js']);
    expect(await lines({ base: {}, candidate, config: config(['pay/{a,b}.js'], { patterns: 2 }) })).toEqual([]);
  });

  test('a protected folder that becomes a file is told', async () => {
    expect(await lines({ base, candidate: { 'payments/rate.js': null, payments: 'x' } })).toEqual(['money payments payments/rate.js']);
  });

  test('the rules that govern agents are behind a red line without being configured', async () => {
    expect(await lines({ base: {}, candidate: { 'governor.yaml': 'version: 1\n' } })).toEqual(['governor governor.yaml']);
    expect(await lines({ base: {}, candidate: { 'src/a.js': 'x' } })).toEqual([]);
  });
});

describe('a link in the place of a folder above a red line', () => {
  const lines = async (
    candidate: Parameters<typeof review>[1]['candidate'],
    config: Record<string, unknown> = {},
    base: Parameters<typeof review>[1]['base'] = { 'x.js': 'x' },
  ) => (await review(redLines, { base, candidate, config })).redLines.map((line) => `${line.rule_id} ${line.paths.join(' ')}`);

  test('is behind it, new, changed or taken away, whatever the case and whether or not it leads anywhere yet', async () => {
    expect(await lines({ '.github': { link: 'ci' }, 'ci/workflows/a.yml': 'x' })).toEqual(['default:ci .github']);
    expect(await lines({ '.GitHub': { link: 'nowhere' } })).toContain('default:ci .GitHub');
    expect(await lines({ '.github': null }, {}, { '.github': { link: 'ci' }, 'x.js': 'x' })).toContain('default:ci .github');
    expect(await lines({ 'app/.cargo': { link: '../conf' } })).toEqual(['default:registries app/.cargo']);
    const config = { patterns: 2, protect: [{ id: 'money', paths: ['app/pay/**'], reason: 'moves money' }] };
    expect(await lines({ app: { link: 'other' } }, config)).toEqual(['money app']);
    const [line] = (await review(redLines, { base: { 'x.js': 'x' }, candidate: { app: { link: 'other' } }, config })).redLines;
    expect(line?.reason).toBe('moves money; what the link app leads to stands where app/pay/** looks');
  });

  test('a link elsewhere is not, nor a folder with other files in that place, nor one whose default was taken away', async () => {
    expect(await lines({ 'docs/latest': { link: 'v2' }, 'src/link': { link: 'x.js' }, 'packages/a/lib': { link: '../b' } })).toEqual([]);
    expect(await lines({ '.github/ISSUE_TEMPLATE/a.md': 'x' })).toEqual([]);
    const off = { protectDefaults: { ci: false, codeowners: false, agents: false } };
    expect(await lines({ '.github': { link: 'ci' } }, { protectDefaults: { ci: false } })).toEqual(['default:codeowners .github']);
    expect(await lines({ '.github': { link: 'ci' } }, off)).toEqual([]);
  });
});

describe('red lines by default', () => {
  const SAFE = { 'src/a.js': 'x' };
  const lines = async (
    candidate: Parameters<typeof review>[1]['candidate'],
    config: object = {},
    base: Parameters<typeof review>[1]['base'] = SAFE,
  ) =>
    (await review(redLines, { base, candidate, config: { ...config } })).redLines.map(({ rule_id, origin, paths }) =>
      [rule_id, origin, paths.join(' ')].join(' '),
    );

  test('what decides over code is behind one at every place where it counts; what only looks like it is not', async () => {
    const places: [rule: string, paths: string[]][] = [
      [
        'default:ci',
        [
          '.github/workflows/ci.yml',
          '.gitlab-ci.yml',
          '.circleci/config.yml',
          'Jenkinsfile',
          'ops/azure-pipelines.yml',
          '.buildkite/p.yml',
        ],
      ],
      ['default:ci', ['.drone.yml', 'bitbucket-pipelines.yml', '.travis.yml', '.woodpecker/a.yaml', '.GitHub/Workflows/ci.yml']],
      ['default:codeowners', ['CODEOWNERS', 'docs/CODEOWNERS', '.github/CODEOWNERS', '.gitlab/CODEOWNERS']],
      ['default:git', ['.gitattributes', 'src/deep/.gitattributes', '.gitmodules']],
      ['default:hooks', ['.husky/pre-commit', '.githooks/pre-push', 'lefthook.yml', '.pre-commit-config.yaml']],
      ['default:agents', ['AGENTS.md', 'src/AGENTS.md', 'CLAUDE.md', '.claude/settings.json']],
      ['default:registries', ['.npmrc', 'packages/a/.yarnrc.yml']],
      ['governor', ['governor.yaml', '.governor/x']],
    ];
    for (const [rule, paths] of places)
      expect(await lines(Object.fromEntries(paths.map((path) => [path, 'x'])))).toEqual([`${rule} default ${paths.toSorted().join(' ')}`]);
    const alike = [
      '.github/ISSUE_TEMPLATE/bug.md',
      'src/workflows/ci.yml',
      'docs/gitattributes.md',
      'src/hooks/use-hook.js',
      'src/codeowners.js',
      'docs/governor.yaml.md',
    ];
    expect(await lines(Object.fromEntries(alike.map((path) => [path, 'x'])))).toEqual([]);
  }, 30_000);

  test('what agents are told counts in any case, but for pages of documentation, where their own spelling counts', async () => {
    const told = ['agents.md', 'src/Agents.md', 'docs/AGENTS.md', 'docs/deep/CLAUDE.md', '.claude/docs/agents.md', 'AGENTS.override.MD'];
    expect(await lines(Object.fromEntries(told.map((path) => [path, 'x'])))).toEqual([
      `default:agents default ${told.toSorted().join(' ')}`,
    ]);
    const pages = ['docs/agents.md', 'Docs/api/Gemini.md', 'packages/a/doc/claude.md', 'documentation/agents.md', 'src/agents.mdx'];
    expect(await lines(Object.fromEntries(pages.map((path) => [path, 'x'])))).toEqual([]);
    expect(await lines({ 'docs/agents.md': 'x', 'docs/AGENTS.md': null }, {}, { 'docs/AGENTS.md': 'x' })).toEqual([
      'default:agents default docs/AGENTS.md',
    ]);
  });

  test('configuration takes one away by its name, and who writes a rule for a path says alone who approves it', async () => {
    const candidate = { '.github/workflows/ci.yml': 'x', 'CLAUDE.md': 'x' };
    expect(await lines(candidate, { protectDefaults: { ci: false } })).toEqual(['default:agents default CLAUDE.md']);
    const own = { protect: [{ id: 'pipelines', paths: ['.github'], approvers: { role: 'operator' }, reason: 'r' }] };
    expect(await lines(candidate, own)).toEqual(['pipelines protect .github/workflows/ci.yml', 'default:agents default CLAUDE.md']);
  });

  const lock = (host: string, version: string): string =>
    JSON.stringify({ packages: { 'node_modules/a': { version, resolved: `https://${host}/a/-/a-${version}.tgz` } } });
  const base = { 'package-lock.json': lock('packages.example.test', '1.0.0') };

  test('a lock file that takes a package from elsewhere is behind one, with the package; another version is not', async () => {
    const moved = { 'package-lock.json': lock('packages.evil.test', '1.0.0') };
    const [line] = (await review(redLines, { base, candidate: moved })).redLines;
    expect(line).toMatchObject({ rule_id: 'default:registries', origin: 'default', paths: ['package-lock.json'] });
    expect(line?.reason).toContain(
      'a comes from https://packages.evil.test/{name}/-/{file}, and came from https://packages.example.test/{name}/-/{file}',
    );
    expect(await lines({ 'package-lock.json': lock('packages.example.test', '1.1.0') }, {}, base)).toEqual([]);
    expect(await lines({ 'package-lock.json': null }, {}, base)).toEqual([]);
    expect(await lines(moved, { protectDefaults: { registries: false } }, base)).toEqual([]);
    expect(await lines(moved, { protect: [{ id: 'own', paths: ['package-lock.json'], reason: 'r' }] }, base)).toEqual([
      'own protect package-lock.json',
    ]);
  });

  test('a lock file that is moved, or becomes a link, hides nothing', async () => {
    const elsewhere = { 'package-lock.json': null, 'app/package-lock.json': lock('packages.evil.test', '1.0.0') };
    expect(await lines(elsewhere, {}, base)).toEqual(['default:registries default app/package-lock.json']);
    expect(await lines({ 'package-lock.json': null, 'app/package-lock.json': base['package-lock.json'] }, {}, base)).toEqual([]);
    expect(await lines({ 'package-lock.json': { link: 'src/a.js' } }, {}, base)).toEqual(['default:registries default package-lock.json']);
  });
});

describe('CODEOWNERS', () => {
  const config = { protectFrom: { codeowners: 'gitlab', approvers: { role: 'admin', notStarter: true } } };
  const of = async (
    base: Parameters<typeof review>[1]['base'],
    candidate: Parameters<typeof review>[1]['candidate'] = { 'src/a.js': 'x' },
  ) => (await review(redLines, { config, base, candidate })).redLines;

  test('a link above what somebody owns is behind that line; one beside it, or above what nobody owns, is not', async () => {
    const base = { CODEOWNERS: '/pay/core/ @money\n/free/core/\n', 'x/core/a.js': 'x' };
    const named = async (candidate: Parameters<typeof of>[1]) =>
      (await of(base, candidate)).map(({ rule_id, paths }) => `${rule_id} ${paths.join(' ')}`);
    expect(await named({ pay: { link: 'x' } })).toEqual(['codeowners:1 pay']);
    expect(await named({ paid: { link: 'x' }, free: { link: 'x' }, 'x/pay': { link: 'core' } })).toEqual([]);
  });

  test('each section asks for its approvals, by people whom the configuration names', async () => {
    expect(await of({ CODEOWNERS: '* @all\n[Code][2]\n*.js @js\n' })).toEqual([
      {
        rule_id: 'codeowners:1',
        origin: 'codeowners',
        paths: ['src/a.js'],
        reason: '@all owns * (CODEOWNERS:1)',
        approvers: { role: 'admin', min: 1, not_starter: true },
      },
      {
        rule_id: 'codeowners:3',
        origin: 'codeowners',
        paths: ['src/a.js'],
        reason: '@js owns *.js (CODEOWNERS:3)',
        approvers: { role: 'admin', min: 2, not_starter: true },
      },
    ]);
    expect(await of({ CODEOWNERS: '*.md @all\n' })).toEqual([]);
  });

  test('a base without one, or with one that cannot be read, has every path owned; an empty one owns nothing', async () => {
    for (const base of [
      { x: 'x' },
      { CODEOWNERS: { link: 'x' } },
      { CODEOWNERS: `${'# many owners\n'.repeat(250_000)}` },
      { '.github/CODEOWNERS': '* @a\n' },
    ])
      expect((await of(base)).map(({ rule_id, paths }) => [rule_id, ...paths])).toEqual([['codeowners', 'src/a.js']]);
    expect(await of({ CODEOWNERS: '\n' })).toEqual([]);
  }, 30_000);
});
