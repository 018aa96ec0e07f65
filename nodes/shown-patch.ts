/** The difference of two trees as an agent is shown it: masked, whole files first, within a cap; what is left out is named. */
import { maskedPatch } from '../tools/masked-patch.ts';
import type { Session } from './session.ts';

/** Left-out files that are named. */
const NAMED = 50;

/** At most about `bytes`. The same for the same trees. */
export async function shownPatch(session: Session, trees: { readonly from: string; readonly to: string }, bytes: number): Promise<string> {
  const patch = await maskedPatch(session.places.repository, trees, (text) => session.doors.redact(text));
  const parts = patch.toString('utf8').split(/^(?=diff --git )/m);
  const isSection = (part: string): boolean => part.startsWith('diff --git ');
  const shown = [parts.filter((part) => !isSection(part)).join('')];
  const leftOut: string[] = [];
  let left = bytes;
  for (const section of parts.filter(isSection).map(withoutBinary)) {
    const size = Buffer.byteLength(section);
    if (size <= left) {
      shown.push(section);
      left -= size;
    } else if (shown.length === 1) {
      // Of the first file at least a part is there.
      shown.push(`${firstBytes(section, left)}\n(cut: ${size} bytes; read the file for the rest)\n`);
      left = 0;
    } else leftOut.push(nameOf(section));
  }
  if (leftOut.length > 0)
    shown.push(`(left out: ${leftOut.slice(0, NAMED).join(', ')}${leftOut.length > NAMED ? ', ...' : ''}; read the files)\n`);
  return shown.join('').trimEnd();
}

/** A binary difference says nothing to a model. */
function withoutBinary(section: string): string {
  const at = section.indexOf('\nGIT binary patch\n');
  return at < 0 ? section : `${section.slice(0, at)}\n(binary)\n`;
}

/** Its name on the new side, as git writes it. */
const nameOf = (section: string): string => / "?b\/(.*?)"?$/.exec(section.split('\n', 1)[0] ?? '')?.[1] ?? 'a file';

/** Whole lines from the start. */
function firstBytes(text: string, bytes: number): string {
  const cut = Buffer.from(text).subarray(0, bytes).toString('utf8');
  return cut.slice(0, Math.max(0, cut.lastIndexOf('\n')));
}
