/** Secrets in whole changed files of the candidate, never in the textual difference only. */
import type { Change } from '../../../domain/handoff.ts';
import type { Repository } from '../../../domain/workspace.ts';
import { scanSecrets } from '../../../tools/secrets.ts';
import { finding, type ReviewCheck } from './check.ts';
import { lostSecrets } from './lost-secrets.ts';

interface File {
  readonly path: string;
  readonly content: Buffer;
}

export const secrets: ReviewCheck = {
  id: 'secrets',
  run: async (context) => {
    const { changes, repository, candidate, base } = context;
    const changed = changes.filter((change) => change.status !== 'deleted' && change.mode !== '160000');
    const files = await read(repository, candidate.tree, changed, ({ path }) => path);
    const { doors } = context.session;
    const known = (text: string) => doors.knownIn(text);
    const found = await scanSecrets(files, known);
    // What stood there before is not this change's fault: the same rule on the very same line is not told again. The
    // masked value would not do, since two keys of one kind look alike when masked.
    const suspects = new Set(found.map((hit) => hit.path));
    const questioned = changed.filter(({ path, status }) => status !== 'added' && suspects.has(path));
    const before = await read(repository, base.tree, questioned, ({ path, from }) => from ?? path);
    const stood = new Set((await scanSecrets(before, known)).map(ruleAndLine(before)));
    const line = ruleAndLine(files);
    const hits = found.filter((hit) => !stood.has(line(hit)));
    return {
      results: [],
      findings: [
        ...hits.map((hit) =>
          finding('secrets', 'SECRET_FOUND', `${hit.rule}${hit.line === 0 ? ' in its name' : ''}: ${hit.masked}`, {
            path: doors.redact(hit.path),
            ...(hit.line === 0 ? {} : { line: hit.line }),
            anchor: line(hit),
          }),
        ),
        ...(await lostSecrets(context)),
      ],
      redLines: [],
    };
  },
};

/** The files of these changes as a tree has them, under their present names; what it does not have is left out. */
async function read(repository: Repository, tree: string, changes: readonly Change[], nameOf: (change: Change) => string): Promise<File[]> {
  const contents = await Promise.all(changes.map((change) => repository.readFile(tree, nameOf(change))));
  return changes.flatMap(({ path }, index) => {
    const content = contents[index];
    return content === undefined ? [] : [{ path, content }];
  });
}

/** Path, rule and the whole line of a hit. */
function ruleAndLine(files: readonly File[]): (hit: { path: string; line: number; rule: string }) => string {
  const contents = new Map(files.map((file) => [file.path, file.content]));
  return ({ path, line, rule }) => `${path} ${rule} ${contents.get(path)?.toString('utf8').split('\n')[line - 1]?.trim() ?? ''}`;
}
