/** Red lines, on the difference of trees: renames, deletions and modes count on both sides, and lock files by where packages come from. */
import type { Change, RedLine } from '../../../domain/handoff.ts';
import { lockChanges } from '../../../tools/locks/lock-changes.ts';
import { lockRule, type RedLines, redLinesOf, type TouchedRedLine } from '../../../tools/red-lines.ts';
import { type ReviewCheck, type ReviewContext, touched } from './check.ts';

const LINK_MODE = '120000';

export const redLines: ReviewCheck = {
  id: 'red-lines',
  run: async (context) => {
    const lines = await redLinesOf(context.config, context.repository, context.base.tree);
    const found = [...new Set(touched(context.changes))].flatMap((path) => lines.of(path).map((rule) => ({ path, rule })));
    const linked = context.changes.filter(({ mode, old_mode }) => [mode, old_mode].includes(LINK_MODE));
    const behind = [...new Set(touched(linked))].flatMap((path) => linkLines(lines, path));
    return { results: [], findings: [], redLines: grouped([...found, ...behind, ...(await lockLines(context, lines))], context) };
  },
};

/** A link brings files to the places of a rule that stand elsewhere, and are changed there by anybody. */
function linkLines(lines: RedLines, path: string): Crossed[] {
  const known = new Set(lines.of(path).map(({ origin, id }) => `${origin} ${id}`));
  return lines
    .in(path)
    .filter(({ origin, id }) => !known.has(`${origin} ${id}`))
    .map((rule) => ({
      path,
      rule: { ...rule, reason: `${rule.reason}; what the link ${path} leads to stands where ${rule.pattern} looks` },
    }));
}

interface Crossed {
  readonly path: string;
  readonly rule: TouchedRedLine;
}

/** One entry a rule, with all its paths, in the order in which they were found. */
function grouped(crossed: readonly Crossed[], { session }: ReviewContext): RedLine[] {
  const byRule = new Map<string, { rule: TouchedRedLine; paths: string[]; reasons: Set<string> }>();
  for (const { path, rule } of crossed) {
    const one = byRule.get(`${rule.origin} ${rule.id}`) ?? { rule, paths: [], reasons: new Set() };
    one.paths.push(path);
    one.reasons.add(rule.reason);
    byRule.set(`${rule.origin} ${rule.id}`, one);
  }
  return [...byRule.values()].map(({ rule, paths, reasons }) => ({
    rule_id: rule.id,
    origin: rule.origin,
    paths: [...new Set(paths)],
    reason: session.doors.redact([...reasons].join('; ')),
    approvers: { role: rule.approvers.role, min: rule.approvers.min, not_starter: rule.approvers.notStarter },
  }));
}

/** Lock files that no written rule names, and that take a package from elsewhere than before. */
async function lockLines(context: ReviewContext, lines: RedLines): Promise<Crossed[]> {
  const crossed: Crossed[] = [];
  for (const change of context.changes) {
    const rule = lockRule(context.config, change.path);
    if (rule === undefined || change.status === 'deleted' || lines.of(change.path).some(({ origin }) => origin === 'protect')) continue;
    const moved = await movedSources(context, change);
    if (moved.length > 0) crossed.push({ path: change.path, rule: { ...rule, reason: `${rule.reason}: ${moved.join('; ')}` } });
  }
  return crossed;
}

/** Lock files elsewhere that a new one is compared with. */
const OTHERS = 20;

async function movedSources({ repository, base, candidate }: ReviewContext, { path, from, mode }: Change): Promise<string[]> {
  if (!mode.startsWith('100')) return [`${path}: is no file`];
  const textOf = async (tree: string, at: string) => (await repository.readFile(tree, at))?.toString('utf8');
  const before = (await textOf(base.tree, path)) ?? (from === undefined ? undefined : await textOf(base.tree, from));
  const kin = before === undefined ? (await repository.listTree(base.tree)).filter((entry) => sameName(entry.path, path)) : [];
  const others = await Promise.all(kin.slice(0, OTHERS).map(async (entry) => (await textOf(base.tree, entry.path)) ?? ''));
  return lockChanges({ path, before, after: (await textOf(candidate.tree, path)) ?? '', others });
}

const sameName = (one: string, other: string): boolean => nameOf(one) === nameOf(other);
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).toLowerCase();
