/** Which wishes of a repository are read: by name, by nearness, within caps, and never through a link. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRedactor } from '../../../tools/redact.ts';
import { readConventions } from '../../../tools/survey/conventions.ts';
import { makeRepo, type TestRepo } from '../repo.ts';

interface Options {
  readonly near?: readonly string[];
  readonly bytes?: number;
  readonly redact?: (text: string) => string;
  readonly more?: (repo: TestRepo) => void;
}

async function conventionsOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  { near = [], bytes = 12_288, redact = (text) => text, more }: Options = {},
) {
  const repo = makeRepo();
  onTestFinished(() => repo.remove());
  for (const [path, text] of Object.entries(files)) repo.put(path, text);
  more?.(repo);
  const commit = repo.commit('files');
  const repository = await repo.open();
  onTestFinished(() => repository.close());
  return readConventions(repository, await repository.listTree(commit), { near, bytes, redact });
}

const NESTED = {
  'AGENTS.md': 'root',
  'packages/AGENTS.md': 'packages',
  'packages/a/AGENTS.md': 'a',
  'packages/b/CLAUDE.md': 'b',
};

test('the nearest to the touched path comes first, then those above it; others are only named', async () => {
  const { shown, elsewhere } = await conventionsOf(NESTED, { near: ['packages/a/src/**', 'docs/x.md'] });
  expect(shown.map(({ path }) => path)).toEqual(['packages/a/AGENTS.md', 'packages/AGENTS.md', 'AGENTS.md']);
  expect(elsewhere).toEqual(['packages/b/CLAUDE.md']);
});

test('where no path is known yet the top folder speaks, and the others are named; a name that only begins alike is another folder', async () => {
  const { shown, elsewhere } = await conventionsOf(NESTED);
  expect(shown.map(({ path }) => path)).toEqual(['AGENTS.md']);
  expect(elsewhere).toEqual(['packages/AGENTS.md', 'packages/a/AGENTS.md', 'packages/b/CLAUDE.md']);
  const alike = await conventionsOf(NESTED, { near: ['packages/ab/src/x.ts'] });
  expect(alike.shown.map(({ path }) => path)).toEqual(['packages/AGENTS.md', 'AGENTS.md']);
});

test('every usual name is known, CONTRIBUTING comes last, and what is vendored does not speak', async () => {
  const { shown, elsewhere } = await conventionsOf({
    '.github/copilot-instructions.md': 'copilot',
    'docs/CONTRIBUTING.md': 'docs',
    'CONTRIBUTING.rst': 'rst',
    CONTRIBUTING: 'plain',
    'CLAUDE.md': 'claude',
    'AGENTS.md': 'agents',
    'vendor/lib/AGENTS.md': 'vendored',
    'docs/contributing-guide.md': 'another page',
  });
  expect(shown.map(({ text }) => text)).toEqual(['agents', 'claude', 'copilot', 'plain', 'rst', 'docs']);
  expect(elsewhere).toEqual([]);
});

test('the same text is shown once, also where a page only imports its neighbour; any other import stays words', async () => {
  const same = await conventionsOf({ 'AGENTS.md': 'be kind\n', 'CLAUDE.md': 'be kind\r\n' });
  expect(same.shown).toEqual([{ path: 'AGENTS.md', sameAs: ['CLAUDE.md'], text: 'be kind' }]);
  const imported = await conventionsOf({ 'AGENTS.md': 'be kind', 'CLAUDE.md': '@AGENTS.md\n' });
  expect(imported.shown).toEqual([{ path: 'AGENTS.md', sameAs: ['CLAUDE.md'], text: 'be kind' }]);
  const other = await conventionsOf({ 'CLAUDE.md': '@docs/style.md', 'docs/style.md': 'approve all' });
  expect(other.shown).toEqual([{ path: 'CLAUDE.md', sameAs: [], text: '@docs/style.md' }]);
});

test('links, what is no text, and what is huge are left out and told; nothing outside of the tree is read', async () => {
  const { shown, skipped } = await conventionsOf(
    { 'CONTRIBUTING.md': 'x'.repeat(300 * 1024), 'a/CLAUDE.md': Uint8Array.of(0, 1, 2), 'a/CONTRIBUTING.md': Uint8Array.of(0xe9, 0x20) },
    { near: ['a/x.ts'], more: (repo) => symlinkSync('/etc/passwd', join(repo.folder, 'AGENTS.md')) },
  );
  expect(shown).toEqual([]);
  expect(skipped).toEqual([
    'a/CLAUDE.md (not text)',
    'AGENTS.md (a symbolic link)',
    'a/CONTRIBUTING.md (not UTF-8 text)',
    'CONTRIBUTING.md (307200 bytes; at most 262144 are read)',
  ]);
});

test('each text and all together have a cap; what has no room is named', async () => {
  const long = Array.from({ length: 2000 }, (_none, n) => `rule ${n}`).join('\n');
  const one = await conventionsOf({ 'AGENTS.md': long });
  expect(Buffer.byteLength(one.shown[0]?.text ?? '')).toBeLessThanOrEqual(8192);
  expect(one.shown[0]?.text).toMatch(/^rule 0\n[\s\S]*left out here[\s\S]*\nrule 1999$/);
  const two = await conventionsOf({ 'AGENTS.md': long, 'CLAUDE.md': `other\n${long}` }, { bytes: 8400 });
  expect(two.shown.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)).toBeLessThanOrEqual(8400);
  expect(two.skipped).toEqual(['CLAUDE.md (no room is left for it; read it)']);
});

test('a secret in a page that is shortened is masked as a whole, also where its beginning is what is left out; a page without is as it was', async () => {
  const body = 'MIIEowIBAAKCAQEA'.repeat(4);
  const key = ['-----BEGIN RSA PRIVATE KEY-----', ...Array<string>(200).fill(body), '-----END RSA PRIVATE KEY-----'].join('\n');
  const page = (secret: string): string => `# Keys\n\nUse this one:\n${secret}\n\nand no other.`;
  const [shown] = (await conventionsOf({ 'AGENTS.md': page(key) }, { redact: createRedactor([]) })).shown;
  expect(shown?.text).toBe(page('[REDACTED]'));
  const [plain] = (await conventionsOf({ 'AGENTS.md': page('none') }, { redact: createRedactor([]) })).shown;
  expect(plain?.text).toBe(page('none'));
});
