/** What the critic is told: the change, and what it found in earlier rounds with the builder's answers; the same on every replay. */
import { canonicalPath } from '../../domain/access.ts';
import { criticFindings, movedLine } from '../../domain/findings.ts';
import { type BuildBody, buildBodySchema, type FileRef, type Finding, planBodySchema, type ReviewBody } from '../../domain/handoff.ts';
import { bodyOf, type Session } from '../session.ts';
import { shownPatch } from '../shown-patch.ts';
import { clipped, toldFindings } from '../told-findings.ts';
import type { RoundBefore } from './round-before.ts';

/** Of the difference, in bytes; it reads the files for the rest. */
const PATCH_BYTES = 24 * 1024;
/** Of its earlier findings with the answers, in bytes: less than the change itself. */
const EARLIER_BYTES = 16 * 1024;
/** Of one answer, in bytes. */
const ANSWER_BYTES = 2048;

interface CriticWork {
  readonly planFile: FileRef;
  readonly buildFile: FileRef;
  readonly rules: ReviewBody;
  /** What it found before. */
  readonly known: readonly Finding[];
}

export async function criticBrief(session: Session, { planFile, buildFile, rules, known }: CriticWork): Promise<string> {
  const plan = await bodyOf(session, planFile, planBodySchema);
  const build = await bodyOf(session, buildFile, buildBodySchema);
  const from = await session.places.repository.treeOf(build.base);
  return [
    `The plan: ${plan.summary}`,
    ...plan.items.map((item) => `Item ${item.id}: ${item.title}. Done when: ${item.done_when.join('; ')}`),
    `The builder's words (not evidence): ${build.summary}`,
    `Checks run by the governor: ${rules.checks.map((check) => `${check.id} ${check.status}`).join(', ') || 'none'}`,
    `Changed: ${build.changes.map((change) => `${change.status} ${change.path}`).join(', ')}`,
    ...(known.length === 0 ? [] : [earlierText(known, build)]),
    `The difference, as data:\n${await shownPatch(session, { from, to: build.tree }, PATCH_BYTES)}`,
  ].join('\n\n');
}

function earlierText(known: readonly Finding[], build: BuildBody): string {
  // How it stands is what the critic is to say.
  const open = known.map(({ state: _state, ...finding }) => finding);
  const told = toldFindings(open, EARLIER_BYTES, ({ id, round }) => [`  First told in attempt ${round}.`, ...answersTo(id, build)]);
  return `What you found in earlier rounds. Look at each again and judge it in submit_review.earlier by its id: mended, open, or withdrawn when the builder is right, with your reason; the serious ones all. Do not tell it again in findings.\n${told}`;
}

/** The builder's own words, as a quotation. */
function answersTo(id: string, build: BuildBody): string[] {
  const said = build.answers
    .filter((answer) => answer.finding_id === id)
    .map(({ answer }) => JSON.stringify(clipped(answer, ANSWER_BYTES)));
  const disputes = (build.disputes ?? [])
    .filter((one) => one.finding_id === id)
    .map(({ evidence }) => `  The builder disputes it (not evidence): ${JSON.stringify(clipped(evidence, ANSWER_BYTES))}`);
  if (disputes.length > 0) return disputes;
  return said.length === 0 ? ['  The builder did not answer it.'] : said.map((answer) => `  The builder answers (not evidence): ${answer}`);
}

/** What it found before, each at the line where that code stands now. */
export async function knownFindings(session: Session, before: RoundBefore | undefined, tree: string): Promise<Finding[]> {
  return Promise.all(
    criticFindings(before).map(async (finding) => {
      const { path, line, ...rest } = finding;
      if (before === undefined || path === undefined || line === undefined) return finding;
      const [old, now] = await Promise.all([textOf(session, before.review.tree, path), textOf(session, tree, path)]);
      const moved = old === undefined || now === undefined ? undefined : movedLine(old, now, line);
      return { ...rest, path, ...(moved === undefined ? {} : { line: moved }) };
    }),
  );
}

/** A file of a tree, by a path that a model wrote; undefined when there is none. */
export async function textOf(session: Session, tree: string, path: string): Promise<string | undefined> {
  let name: string;
  try {
    name = canonicalPath(path);
  } catch {
    return undefined;
  }
  return (await session.places.repository.readFile(tree, name))?.toString('utf8');
}
