/** A lead that says it cannot go on stops the run with its own words; a person's words at a resume let it go on where it stood. */
import { StopError } from '../../domain/errors.ts';
import { type SubmitBuild, submitBuildSchema } from '../../domain/handoff.ts';
import { type AgentSpec, whereabouts } from '../agent-spec.ts';
import { addressed } from '../notes.ts';
import type { AgentState } from '../state.ts';

/** What the lead handed over last. */
export const submissionOf = (agent: AgentState): SubmitBuild => submitBuildSchema.parse(JSON.parse(agent.submission ?? '{}'));

/** Where a hand-over leads that is no build: to the install node, on after a resume, or to the end. @throws StopError `BUILDER_BLOCKED`. */
export function afterHandOver(spec: AgentSpec, agent: AgentState): AgentState {
  if (agent.phase !== 'done') return agent;
  const submitted = submissionOf(agent);
  const why = whyBlocked(spec, submitted);
  if (why === undefined) return submitted.status === 'needs_dependency' ? { ...agent, phase: 'install' } : agent;
  if (addressed(spec).some((resume) => resume.head === agent.head)) return { ...agent, phase: 'model', submission: null };
  throw new StopError('BUILDER_BLOCKED', spec.session.doors.redact(why), whereabouts(spec, agent.head));
}

function whyBlocked({ session }: AgentSpec, submitted: SubmitBuild): string | undefined {
  const said = JSON.stringify(submitted.summary.slice(0, 1500));
  if (submitted.status === 'blocked') return `the builder is blocked and says: ${said}`;
  if (submitted.status !== 'needs_dependency' || session.facts.config.workspace.setup.some((step) => step.update !== undefined))
    return undefined;
  const { dependencies = [] } = submitted;
  const named = dependencies.map(({ name, manager, why }) => `${name} (${manager}): ${why}`).join('; ');
  return `the builder needs ${named.slice(0, 1500)}. Nothing is installed, since no step of workspace.setup in governor.yaml declares "update". To allow it, commit a step that names the manifest and the lock file, such as { run: [npm, ci, --ignore-scripts], update: [npm, install, --package-lock-only, --ignore-scripts], network: true, inputs: [package.json, package-lock.json] }, and start the run again; or resume with a comment that says how to do without. The builder says: ${said}`;
}
