/** Judges `submit_build` at once, while the lead can still mend it: the plan's paths, what may be asked for, what may be disputed. */
import { type Finding, type PlanBody, reviewBodySchema, type SubmitBuild, submitBuildSchema } from '../../domain/handoff.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { isWaivable } from '../../domain/waivers.ts';
import { isLock } from '../../tools/dependencies.ts';
import type { HandoffOutcome } from '../../tools/door/request.ts';
import { setupInputs } from '../../tools/prepare.ts';
import { pathsOutside, plannedPath } from '../planned-paths.ts';
import { bodyOf, type Session } from '../session.ts';
import { type Builder, beforeTree } from './state.ts';

export interface Handing {
  readonly session: Session;
  readonly state: Builder;
  readonly plan: PlanBody;
  /** Its files as they are now. */
  readonly tree: string;
}

/** Which status an argument goes with; another one would be dropped without a word. */
const GOES_WITH = { paths: 'needs_paths', dependencies: 'needs_dependency', disputes: 'done' } as const;

const ACCEPTED: HandoffOutcome = { ok: true, content: JSON.stringify({ accepted: true }) };
const no = (code: ReasonCode, content: string): HandoffOutcome => ({ ok: false, code, content });
const invalid = (error: string): HandoffOutcome => ({ ok: false, content: JSON.stringify({ error }) });

/** Refused with a code that the lead sees, invalid, or accepted. */
export async function judgeBuild(handing: Handing, input: unknown): Promise<HandoffOutcome> {
  const submitted = submitBuildSchema.parse(input);
  for (const [name, status] of Object.entries(GOES_WITH) as [keyof typeof GOES_WITH, SubmitBuild['status']][])
    if (submitted[name] !== undefined && submitted.status !== status) return invalid(`${name}: goes with status "${status}" alone`);
  switch (submitted.status) {
    case 'done':
      return (await disputesRefuse(handing, submitted)) ?? (await scopeRefuses(handing, [])) ?? (await lockRefuses(handing)) ?? ACCEPTED;
    case 'blocked':
      return ACCEPTED;
    case 'needs_paths':
      return pathsRefuse(handing, submitted) ?? ACCEPTED;
    case 'needs_dependency':
      return (await dependencyRefuse(handing, submitted)) ?? ACCEPTED;
    default:
      return submitted.status satisfies never;
  }
}

/** `also`: paths that will change too. */
async function scopeRefuses({ session, state, plan, tree }: Handing, also: readonly string[]): Promise<HandoffOutcome | undefined> {
  const { repository } = session.places;
  const changes = await repository.diff(await repository.treeOf(state.base), tree);
  const planned = plannedPath(plan);
  const outside = [...new Set([...pathsOutside(plan, changes), ...also.filter((path) => !planned(path))])];
  if (outside.length === 0) return undefined;
  const named = `${outside.slice(0, 20).join(', ')}${outside.length > 20 ? ` and ${outside.length - 20} more` : ''}`;
  return no(
    'OUT_OF_SCOPE',
    `no plan item allows ${named}; the review would send this back. Either undo what is there, or, when the goal needs it, submit with status "needs_paths", these paths in paths, and the reason in summary: the planner then plans again and you go on from these files`,
  );
}

function pathsRefuse({ session, state, plan }: Handing, { paths }: SubmitBuild): HandoffOutcome | undefined {
  if (paths === undefined) return invalid('paths: status "needs_paths" needs the paths that the plan lacks');
  const outside = paths.find((path) => path.startsWith('/') || path.split('/').includes('..'));
  if (outside !== undefined)
    return no(
      'PATH_DENIED',
      `paths: ${JSON.stringify(outside)} is not inside the repository; name paths relative to its root, without ".."`,
    );
  const planned = plannedPath(plan);
  if (paths.every((path) => planned(path)))
    return invalid(`paths: the plan allows ${paths.slice(0, 20).join(', ')} already; change them and hand over`);
  const { appeals } = session.facts.limits;
  if (state.appeals.plan < appeals) return undefined;
  return no(
    'OUT_OF_SCOPE',
    `no more appeals: another plan was asked for ${state.appeals.plan} times (limits.appeals ${appeals}). Keep to the plan's paths, or submit with status "blocked"`,
  );
}

async function dependencyRefuse(handing: Handing, { dependencies }: SubmitBuild): Promise<HandoffOutcome | undefined> {
  if (dependencies === undefined) return invalid('dependencies: status "needs_dependency" needs each with name, manager and why');
  const { session, state, tree } = handing;
  const { limits, config } = session.facts;
  if (state.agent.installs >= limits.appeals)
    return no(
      'CONTRACT_VIOLATION',
      `no more appeals: dependencies were installed ${state.agent.installs} times in this attempt (limits.appeals ${limits.appeals}). Do without, or submit with status "blocked"`,
    );
  const inputs = setupInputs(config.workspace.setup, await session.places.repository.listTree(tree)).map((entry) => entry.path);
  // Nothing is declared: the run stops and says so.
  if (!config.workspace.setup.some((step) => step.update !== undefined)) return undefined;
  const refused = await scopeRefuses(handing, inputs);
  if (refused !== undefined) return refused;
  const { repository } = session.places;
  const known = state.agent.installed ?? (await repository.treeOf(state.base));
  const changed = (await repository.diff(known, tree)).map((change) => change.path);
  if (inputs.some((path) => changed.includes(path))) return undefined;
  return invalid(
    `dependencies: write them into the manifest first; none of the files that the declared setup depends on (${inputs.join(', ') || 'none'}) is changed since it ran`,
  );
}

/** A lock file that the declared setup did not write was installed for nobody: neither check nor verification saw what it names. */
async function lockRefuses({ session, state, tree }: Handing): Promise<HandoffOutcome | undefined> {
  const { setup } = session.facts.config.workspace;
  if (!setup.some((step) => step.update !== undefined)) return undefined;
  const { repository } = session.places;
  const locksOf = async (of: string): Promise<ReadonlyMap<string, string>> =>
    new Map(setupInputs(setup, await repository.listTree(of)).flatMap(({ path, oid }) => (isLock(path) ? [[path, oid] as const] : [])));
  // The last candidate's were judged like this; after the base moved they are neither the base's nor what was installed.
  const known = await Promise.all([state.agent.installed ?? (await repository.treeOf(state.base)), beforeTree(state)].map(locksOf));
  const now = await locksOf(tree);
  const paths = new Set([...known, now].flatMap((locks) => [...locks.keys()]));
  const changed = [...paths].find((path) => known.every((locks) => locks.get(path) !== now.get(path)));
  if (changed === undefined) return undefined;
  return no(
    'CONTRACT_VIOLATION',
    `${changed}: lock files are written by the declared setup alone, and this is not what it wrote. Put it back as it was; where the goal needs other packages, write them into the manifest and submit with status "needs_dependency"`,
  );
}

async function disputesRefuse({ session, state, tree }: Handing, { disputes = [] }: SubmitBuild): Promise<HandoffOutcome | undefined> {
  if (disputes.length === 0) return undefined;
  const open = state.review === null ? [] : (await bodyOf(session, state.review, reviewBodySchema)).findings;
  for (const { finding_id: id } of disputes) {
    const found = open.find((finding) => finding.id === id);
    if (found === undefined)
      return invalid(
        `disputes: ${JSON.stringify(id)} is no open finding; open are ${open.map((finding) => finding.id).join(', ') || 'none'}`,
      );
    if (found.source !== 'critic') return no(found.code, machineFound(found));
  }
  const { appeals } = session.facts.limits;
  if (state.appeals.review >= appeals)
    return no(
      'REVIEW_REJECTED',
      `no more appeals: findings were disputed ${state.appeals.review} times (limits.appeals ${appeals}). Mend what is open, or submit with status "blocked"`,
    );
  const left = open.filter((finding) => finding.severity !== 'minor' && !disputes.some((dispute) => dispute.finding_id === finding.id));
  if (tree !== beforeTree(state) || left.length === 0) return undefined;
  return invalid(`disputes: no file changed, and ${left.map((finding) => finding.id).join(', ')} would stay open; mend or dispute each`);
}

/** What a rule or a person found, no model can take back. */
function machineFound(found: Finding): string {
  const { id, source, code } = found;
  if (source !== 'person' && isWaivable(found))
    return `${id} was found by the machine (${source}, ${code}), and no reviewer can take it back, but a person can let it pass: mend its cause; or, where the goal needs just this, hand over as it is without that dispute and say why in answers: when nothing else is open, a person is asked`;
  return `${id} was found by ${source === 'person' ? 'a person' : `the machine (${source}, ${code})`}, and no reviewer can take it back: mend its cause and hand over without that dispute. If it cannot be mended, submit with status "blocked" and say why; a person decides then`;
}
