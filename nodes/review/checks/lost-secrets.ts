/** Lines that an agent read masked and wrote as they were shown: the mask stands in the candidate where the base has a secret. */
import type { Change, Finding } from '../../../domain/handoff.ts';
import type { TreeEntry } from '../../../domain/workspace.ts';
import { lostSecretLine } from '../../../tools/edit/secrets-kept.ts';
import { MASK, maskedLines } from '../../../tools/redact.ts';
import { decodeText } from '../../../tools/text/encoding.ts';
import { finding, type ReviewContext } from './check.ts';

/** Of the base, files that are looked at for a line that may be a copy; a larger or later one holds hardly a key. */
const MAX_FILES = 5000;
const MAX_BYTES = 1024 * 1024;

type Asked = Pick<ReviewContext, 'session' | 'repository' | 'base' | 'candidate' | 'changes'>;

interface Copied {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** A file that says the mask, as one about masking does, is none: a secret of the same file went, or the line is a masked one of the base. */
export async function lostSecrets(asked: Asked): Promise<Finding[]> {
  const { session, changes } = asked;
  const redact = (text: string): string => session.doors.redact(text);
  const findings: Finding[] = [];
  const suspects: Copied[] = [];
  for (const change of changes) {
    if (change.status === 'deleted' || change.mode === '160000') continue;
    const [before, after] = await textsOf(asked, change);
    if (!after.includes(MASK)) continue;
    const lost = lostSecretLine(before, after, redact);
    if (lost !== undefined) findings.push(told(change.path, lost, after));
    else suspects.push(...addedMasks(change.path, before, after));
  }
  if (suspects.length === 0) return findings;
  const known = await maskedInBase(asked, redact);
  return [...findings, ...suspects.filter(({ text }) => known.has(text)).map(({ path, line, text }) => told(path, line, text, text))];
}

async function textsOf({ repository, base, candidate }: Asked, { path, from, status }: Change): Promise<[string, string]> {
  const read = async (tree: string, name: string): Promise<string> => textOf(await repository.readFile(tree, name));
  return [status === 'added' ? '' : await read(base.tree, from ?? path), await read(candidate.tree, path)];
}

const textOf = (content: Buffer | undefined): string => (content === undefined ? '' : (decodeText(content)?.text ?? ''));

function addedMasks(path: string, before: string, after: string): Copied[] {
  const known = new Set(before.split('\n').map((line) => line.trim()));
  return after.split('\n').flatMap((line, index) => {
    const text = line.trim();
    return text.includes(MASK) && !known.has(text) ? [{ path, line: index + 1, text }] : [];
  });
}

/** Every line of the base with a secret in it, as agents are shown it. */
async function maskedInBase({ repository, base }: Asked, redact: (text: string) => string): Promise<Set<string>> {
  const shown = new Set<string>();
  const isFile = ({ mode }: TreeEntry): boolean => mode === '100644' || mode === '100755';
  for (const { oid } of (await repository.listTree(base.tree)).filter(isFile).slice(0, MAX_FILES)) {
    if ((await repository.blobBytes(oid)) > MAX_BYTES) continue;
    const lines = textOf(await repository.blob(oid)).split('\n');
    for (const [index, line] of maskedLines(lines, redact).entries()) if (line !== lines[index]) shown.add(line.trim());
  }
  // A line of a key is the mask alone, and says nothing of where it stood.
  shown.delete(MASK);
  return shown;
}

function told(path: string, line: number, after: string, text = after.split('\n')[line - 1] ?? ''): Finding {
  const message = `line ${line} puts ${MASK} where the base has a secret: an agent sees secrets masked and wrote what it saw. Take the line from the base as it is, or read the value from where the program gets it`;
  return finding('secrets', 'SECRET_FOUND', message, { path, line, anchor: text });
}
