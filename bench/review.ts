/**
 * The rules of the reviewer over so many changed files, beside its checks: how long each takes, how many processes it starts, and how
 * that compares with a plain `git diff` and one pass of the scanner in the same run. `npm run bench:review [-- files]`.
 */

import { createHook } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import { NOTHING, type ReviewCheck } from '../nodes/review/checks/check.ts';
import { RULE_CHECKS } from '../nodes/review/checks/index.ts';
import { review } from '../test/nodes/review/checks/review.ts';
import { maskedPatch } from '../tools/masked-patch.ts';
import { createRedactor } from '../tools/redact.ts';
import { scanSecrets } from '../tools/secrets.ts';

const FILES = Number(process.argv[2] ?? 2000);
const LINES = 60;

let processes = 0;
createHook({
  init: (_id, type) => {
    if (type === 'PROCESSWRAP') processes += 1;
  },
}).enable();

/** A fifth are tests; each has lines of its own, and one of them is changed. */
function files(version: number): Record<string, string> {
  const written: Record<string, string> = { 'package.json': '{"scripts":{"test":"node --test"}}\n' };
  for (let file = 0; file < FILES; file += 1) {
    const lines = Array.from(
      { length: LINES },
      (_, line) => `export const value${line} = compute(${file}, ${line}, 'text of line ${line}');`,
    );
    if (file % 5 === 0) lines.push(`test('it is ${file}', () => { expect(value1).toBe(${version}); expect(value2).toBe(2); });`);
    else lines.push(`export const version = ${version};`);
    written[`src/part${file % 40}/${file % 5 === 0 ? `file${file}.test.ts` : `file${file}.ts`}`] = `${lines.join('\n')}\n`;
  }
  return written;
}

async function measured<T>(name: string, work: () => Promise<T>): Promise<T> {
  const [startedAt, before] = [performance.now(), processes];
  const result = await work();
  times.push([name, performance.now() - startedAt, processes - before]);
  return result;
}
const times: [name: string, ms: number, processes: number][] = [];

const everyRule: ReviewCheck = {
  id: 'every-rule',
  run: async (context) => {
    const { repository, base, candidate } = context;
    const changes = await measured('diff', () => repository.diff(base.tree, candidate.tree));
    for (const rule of RULE_CHECKS) await measured(rule.id, () => rule.run({ ...context, changes }));
    await measured('patch for the critic', () => maskedPatch(repository, { from: base.tree, to: candidate.tree }, createRedactor([])));
    const rules = times.slice();
    await measured('plain git diff', async () =>
      execFileSync('git', ['-C', repository.path, 'diff', base.commit, candidate.commit], { maxBuffer: 1 << 30 }),
    );
    const read = await Promise.all(
      changes.map(async ({ path }) => ({ path, content: (await repository.readFile(candidate.tree, path)) ?? Buffer.alloc(0) })),
    );
    await measured('one pass of the scanner', () => scanSecrets(read));
    for (const [name, ms, started] of times)
      console.log(`${name.padEnd(26)} ${ms.toFixed(0).padStart(7)} ms ${String(started).padStart(6)} processes`);
    const sum = (rows: typeof times): number => rows.reduce((all, [, ms]) => all + ms, 0);
    const plain = sum(times.slice(rules.length));
    console.log(
      `${changes.length} files: ${(sum(rules) / 1000).toFixed(2)} s; a plain diff and one pass ${(plain / 1000).toFixed(2)} s; ratio ${(sum(rules) / plain).toFixed(2)}`,
    );
    return NOTHING;
  },
};

await review(everyRule, { base: files(1), candidate: files(2) });
