/** Objects are read through one git that stays while it is asked, and never longer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../domain/ids.ts';
import { secrets } from '../../nodes/review/checks/secrets.ts';
import { createObjectReader } from '../../tools/object-reader.ts';
import { openRepository } from '../../tools/repository.ts';
import { review } from '../nodes/review/checks/review.ts';
import { makeRepo, type TestRepo } from './repo.ts';
import { startedBy } from './started-by.ts';

let repo: TestRepo;
beforeEach(() => {
  repo = makeRepo();
});
afterEach(() => repo.remove());

/** The readers of this test's repository. */
const readers = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      const line = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
      return line.includes(repo.root) && line.includes('--batch-command');
    } catch {
      return false;
    }
  });

async function untilNoReader(): Promise<void> {
  for (let waited = 0; readers().length > 0; waited += 20) {
    if (waited > 10_000) throw new Error(`still there: ${readers().join()}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

test('the difference of many files is told by two processes, however many files there are', async () => {
  for (let file = 0; file < 150; file += 1) repo.put(`src/f${file}.js`, `export const a = ${file};\n`);
  const before = repo.commit('base');
  for (let file = 0; file < 150; file += 1) repo.put(`src/f${file}.js`, `export const b = ${file};\n`);
  const after = repo.commit('change');
  const repository = await repo.open();
  let digests: string[] = [];
  const started = await startedBy(async () => {
    digests = (await repository.diff(before, after)).map((change) => change.sha256);
  });
  expect(started.length).toBe(2);
  expect(new Set(digests).size).toBe(150);
  repository.close();
});

test('the secrets check starts no process for a file, and finds what is new all the same', async () => {
  const key = `AKIA${'Q7Z4M2X9K1L8V5B3'}`;
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`src/f${at}.js`, `export const a = ${at};\n`]));
  const base = { ...files, 'src/old.js': `const key = "${key}";\n` };
  const changed = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, `${text}// more\n`]));
  const candidate = { ...changed, 'src/old.js': `const key = "${key}";\n// kept\n`, 'src/new.js': `const key = "${key}";\n` };
  let found: unknown[] = [];
  const started = await startedBy(async () => {
    found = (await review(secrets, { base, candidate })).findings.map((one) => [one.code, one.path]);
  });
  expect(found).toEqual([['SECRET_FOUND', 'src/new.js']]);
  const reads = started.filter((line) => /cat-file|ls-tree/.test(line));
  expect(reads.length).toBeLessThan(5);
});

test('a file, a link, a folder, a sub-repository, a name of two lines and nothing at all are told apart', async () => {
  repo.put('a/b.txt', 'text\n');
  repo.put('two\nlines', 'odd\n');
  symlinkSync('b.txt', join(repo.folder, 'a/link'));
  repo.commit('files');
  repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
  repo.git('commit', '-q', '-m', 'sub');
  const tree = repo.git('rev-parse', 'HEAD^{tree}');
  const repository = await repo.open();
  const read = async (path: string): Promise<string | undefined> => (await repository.readFile(tree, path))?.toString();
  expect(await Promise.all(['a/b.txt', 'a/link', 'a', 'sub', 'two\nlines', 'none', './a/b.txt'].map(read))).toEqual([
    'text\n',
    'b.txt',
    undefined,
    undefined,
    'odd\n',
    undefined,
    'text\n',
  ]);
  expect(await repository.treeOf(repo.git('rev-parse', 'HEAD'))).toBe(tree);
  const nowhere = '2'.repeat(40);
  await expect(repository.readFile(nowhere, 'a/b.txt')).rejects.toMatchObject({ name: 'GitError' });
  await expect(repository.treeOf(nowhere)).rejects.toMatchObject({ name: 'GitError' });
  await expect(repository.blob(tree)).rejects.toMatchObject({ name: 'GitError' });
  repository.close();
});

test('large and small contents come whole and in order, also those that were written after the first question', async () => {
  const large = Buffer.alloc(3_000_001, 'ü\n');
  repo.put('large', large);
  repo.put('small', 'a\n');
  repo.put('empty', '');
  const first = repo.commit('one');
  const repository = await repo.open();
  expect((await repository.readFile(first, 'small'))?.toString()).toBe('a\n');
  repo.put('small', 'b\n');
  const second = repo.commit('two');
  const contents = await Promise.all(
    ['large', 'empty', 'small', 'large'].map(async (path) => (await repository.readFile(second, path)) ?? Buffer.from('none')),
  );
  expect(contents.map((content) => content.length)).toEqual([large.length, 0, 2, large.length]);
  expect(contents[0]?.equals(large)).toBe(true);
  expect(contents[2]?.toString()).toBe('b\n');
  repository.close();
});

test('a reader that dies refuses what waits for it, and the next question starts another', async () => {
  repo.put('large', Buffer.alloc(20_000_000, 'x'));
  const commit = repo.commit('one');
  const repository = await repo.open();
  const waits = expect(repository.readFile(commit, 'large')).rejects.toMatchObject({ name: 'GitError' });
  for (const pid of readers()) process.kill(Number(pid), 'SIGKILL');
  await waits;
  expect((await repository.readFile(commit, 'large'))?.length).toBe(20_000_000);
  repository.close();
});

test('a reader is ended by its repository, by having nothing to do, and by the death of its process', async () => {
  repo.put('a', 'a\n');
  const commit = repo.commit('one');
  const repository = await repo.open();
  await repository.readFile(commit, 'a');
  expect(readers().length).toBe(1);
  repository.close();
  await untilNoReader();
  await repository.readFile(commit, 'a');
  expect(readers().length).toBe(1);
  await untilNoReader();
  const script = `import { openRepository } from ${JSON.stringify(new URL('../../tools/repository.ts', import.meta.url).href)};
    const repository = await openRepository(${JSON.stringify(repo.folder)}, ${JSON.stringify(repo.state)});
    setInterval(() => repository.readFile(${JSON.stringify(commit)}, 'a').then(() => console.log('read')), 20);`;
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(readers().length).toBe(1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await untilNoReader();
});

test('a repository is opened by one process, and one with a name of two lines all the same', async () => {
  repo.put('a', 'a\n');
  repo.commit('one');
  const started = await startedBy(() => repo.open());
  expect(started.length).toBe(1);
  const odd = join(repo.root, 'two\nlines');
  mkdirSync(odd);
  repo.git('clone', '-q', repo.folder, odd);
  expect((await openRepository(join(odd, '.git', '..'), repo.state)).path).toBe(realpathSync(odd));
  await expect(openRepository(repo.root, repo.state)).rejects.toMatchObject({ name: 'UsageError' });
});

test('digests come between contents, of large and empty objects alike, and of none for what is not there', async () => {
  const large = Buffer.alloc(3_000_001, 'ü\n');
  repo.put('large', large);
  repo.put('empty', '');
  const commit = repo.commit('one');
  const repository = await repo.open();
  const place = { gitDir: join(realpathSync(repo.folder), '.git'), objects: join(realpathSync(repo.folder), '.git', 'objects') };
  const reader = createObjectReader(place);
  const [first, content, empty, none, again] = await Promise.all([
    reader.digest(`${commit}:large`),
    reader.read(`${commit}:large`),
    reader.digest(`${commit}:empty`),
    reader.digest(`${commit}:nowhere`),
    reader.digest(`${commit}:large`),
  ]);
  expect([first, again]).toEqual([sha256(large), sha256(large)]);
  expect(content?.content.equals(large)).toBe(true);
  expect(empty).toBe(sha256(''));
  expect(none).toBeUndefined();
  reader.end();
  repository.close();
});
