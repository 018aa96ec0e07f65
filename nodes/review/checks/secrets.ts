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
    // What stood there before is not this change's fault; the same masked hit in the same file is not told again.
    const known = new Set((await scanSecrets(before)).map((hit) => `${hit.path} ${hit.rule} ${hit.masked}`));
    const hits = (await scanSecrets(files)).filter((hit) => !known.has(`${hit.path} ${hit.rule} ${hit.masked}`));
    return {
      results: [],
      findings: hits.map((hit) => finding('secrets', 'SECRET_FOUND', `${hit.rule}: ${hit.masked}`, { path: hit.path, line: hit.line })),
      redLines: [],
    };
  },
};
