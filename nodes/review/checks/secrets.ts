/** Secrets in whole changed files of the candidate, never in the textual difference only. */
import { scanSecrets } from '../../../tools/secrets.ts';
import { finding, type ReviewCheck } from './check.ts';

export const secrets: ReviewCheck = {
  id: 'secrets',
  run: async ({ changes, repository, candidate, base }) => {
    const files: { path: string; content: Buffer }[] = [];
    const before: { path: string; content: Buffer }[] = [];
    for (const change of changes) {
      if (change.status === 'deleted' || change.mode === '160000') continue;
      const content = await repository.readFile(candidate.tree, change.path);
      if (content !== undefined) files.push({ path: change.path, content });
      const old = await repository.readFile(base.tree, change.from ?? change.path);
      if (old !== undefined) before.push({ path: change.path, content: old });
    }
    // What stood there before is not this change's fault: the same rule on the very same line is not told again. The
    // masked value would not do, since two keys of one kind look alike when masked.
    const known = new Set((await scanSecrets(before)).map((hit) => whole(hit, before)));
    const hits = (await scanSecrets(files)).filter((hit) => !known.has(whole(hit, files)));
    return {
      results: [],
      findings: hits.map((hit) => finding('secrets', 'SECRET_FOUND', `${hit.rule}: ${hit.masked}`, { path: hit.path, line: hit.line })),
      redLines: [],
    };
  },
};

/** Path, rule and the whole line of a hit. */
function whole(hit: { path: string; line: number; rule: string }, files: readonly { path: string; content: Buffer }[]): string {
  const text = files.find((file) => file.path === hit.path)?.content.toString('utf8') ?? '';
  return `${hit.path} ${hit.rule} ${text.split('\n')[hit.line - 1]?.trim() ?? ''}`;
}
