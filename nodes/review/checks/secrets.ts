/** Secrets in whole changed files of the candidate, never in the textual difference only. */
import type { Change } from '../../../domain/handoff.ts';
import type { Repository } from '../../../domain/workspace.ts';
import { MASK } from '../../../tools/redact.ts';
import { type FindKnown, MAX_SCANNED_BYTES, type ScannedFile, type SecretHit, scanSecrets } from '../../../tools/secrets.ts';
import { decodeText } from '../../../tools/text/encoding.ts';
import { finding, type ReviewCheck } from './check.ts';
import { lostSecrets } from './lost-secrets.ts';

/** Most that is held of files at once, in bytes, or one file that is larger. */
const BATCH_BYTES = 32 * 1024 * 1024;

export const secrets: ReviewCheck = {
  id: 'secrets',
  run: async (context) => {
    const { changes, repository, candidate, base } = context;
    const changed = changes.filter((change) => change.status !== 'deleted' && change.mode !== '160000');
    const { doors } = context.session;
    const known: FindKnown = (text) => doors.knownIn(text);
    const found = await scanned({ repository, tree: candidate.tree, changes: changed, nameOf: ({ path }) => path }, known);
    // What stood there before is not this change's fault: the same rule on the very same line is not told again. The
    // masked value would not do, since two keys of one kind look alike when masked.
    const suspects = new Set(found.hits.map(({ hit }) => hit.path));
    const questioned = changed.filter(({ path, status }) => status !== 'added' && suspects.has(path));
    const before = await scanned({ repository, tree: base.tree, changes: questioned, nameOf: ({ path, from }) => from ?? path }, known);
    const stood = new Set(before.hits.map(({ anchor }) => anchor));
    return {
      results: [],
      findings: [
        ...found.hits
          .filter(({ anchor }) => !stood.has(anchor))
          .map(({ hit, anchor }) =>
            finding('secrets', 'SECRET_FOUND', `${hit.rule}${hit.line === 0 ? ' in its name' : ''}: ${hit.masked}`, {
              path: doors.redact(hit.path),
              ...(hit.line === 0 ? {} : { line: hit.line }),
              anchor,
            }),
          ),
        ...(await lostSecrets({ ...context, changes: changed.filter(({ path }) => found.masked.has(path)) })),
      ],
      redLines: [],
    };
  },
};

interface Files {
  readonly repository: Repository;
  readonly tree: string;
  readonly changes: readonly Change[];
  /** How the tree names the file of a change. */
  readonly nameOf: (change: Change) => string;
}

interface Scanned {
  /** `anchor`: path, rule and the whole line. */
  readonly hits: readonly { readonly hit: SecretHit; readonly anchor: string }[];
  /** Paths of files that say the mask. */
  readonly masked: ReadonlySet<string>;
}

/** Goes through the files of these changes as a tree has them, under their present names, some of them at a time. */
async function scanned(files: Files, known: FindKnown): Promise<Scanned> {
  const hits: Scanned['hits'][number][] = [];
  const masked = new Set<string>();
  for await (const batch of batches(files)) {
    const anchorOf = anchors(batch);
    for (const hit of await scanSecrets(batch, known)) hits.push({ hit, anchor: anchorOf(hit) });
    for (const file of batch) if ('content' in file && decodeText(file.content)?.text.includes(MASK) === true) masked.add(file.path);
  }
  return { hits, masked };
}

type Held = ScannedFile & { readonly oid: string };

/** What the tree does not have is left out; what is too large to be looked through is not read. */
async function* batches({ repository, tree, changes, nameOf }: Files): AsyncGenerator<Held[]> {
  if (changes.length === 0) return;
  const oids = new Map(
    (await repository.listTree(tree)).flatMap(({ path, oid, mode }) => (mode === '160000' ? [] : [[path, oid] as const])),
  );
  const there = changes.flatMap((change) => {
    const oid = oids.get(nameOf(change));
    return oid === undefined ? [] : [{ path: change.path, oid }];
  });
  const sizes = await Promise.all(there.map(({ oid }) => repository.blobBytes(oid)));
  for (let from = 0; from < there.length; ) {
    let to = from;
    for (let bytes = 0; to < there.length && (to === from || bytes + (sizes[to] ?? 0) <= BATCH_BYTES); to += 1) bytes += sizes[to] ?? 0;
    const held = there.slice(from, to).map(async ({ path, oid }, index): Promise<Held> => {
      const bytes = sizes[from + index] ?? 0;
      return bytes > MAX_SCANNED_BYTES ? { path, oid, bytes } : { path, oid, content: await repository.blob(oid) };
    });
    yield await Promise.all(held);
    from = to;
  }
}

/** Of a file that was not read its object stands for the line: another content is another fault. */
function anchors(files: readonly Held[]): (hit: SecretHit) => string {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return ({ path, line, rule }) => {
    const file = byPath.get(path);
    const text =
      file === undefined ? '' : 'content' in file ? (file.content.toString('utf8').split('\n')[line - 1]?.trim() ?? '') : file.oid;
    return `${path} ${rule} ${text}`;
  };
}
