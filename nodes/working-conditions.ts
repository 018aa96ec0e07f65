/** What the governor itself tells an agent of its work place: the sandbox, and the checks with the time they took on the base. */
import { baselineBodySchema, type CheckResult, FILES } from '../domain/handoff.ts';
import type { Session } from './session.ts';

/** Longest single command of an agent, in ms. */
export const COMMAND_TIMEOUT_MS = 10 * 60_000;
/** Output cap of one command, in bytes per stream. */
export const COMMAND_OUTPUT_BYTES = 32 * 1024;

/** From the request, the configuration in it and the baseline file, so that a replay says the same. */
export async function workingConditions(session: Session): Promise<string> {
  const { config, request, threadId } = session.facts;
  const found = await session.stores.dossier.read(threadId, FILES.baseline());
  const verified = found === undefined ? undefined : await session.stores.dossier.readVerified(threadId, found.ref);
  const baseline = verified === undefined ? undefined : baselineBodySchema.parse(verified.body);
  const { link, scratch, setup } = config.workspace;
  const lines = [
    request.sandbox !== 'unsafe'
      ? 'Commands run in a sandbox: the files of your tree, no network, no git data, no secrets.'
      : 'Commands run without a sandbox (level unsafe). Behave as in one: your tree alone, no network; there is no git data.',
    `One command may take ${COMMAND_TIMEOUT_MS / 60_000} minutes and print ${COMMAND_OUTPUT_BYTES / 1024} KiB a stream; the middle of more is left out.`,
    ...(link.length === 0 ? [] : [`Shared read-only from the repository: ${link.join(', ')}.`]),
    ...submoduleLines(baseline?.submodules ?? []),
    ...(scratch.length === 0 ? [] : [`Writable and thrown away after each command: ${scratch.join(', ')}.`]),
    ...(setup.length === 0 ? [] : [`Prepared before you came, read-only: what ${setup.map(({ run }) => run.join(' ')).join('; ')} made.`]),
    ...(baseline?.programs === undefined || baseline.programs.length === 0 ? [] : [`Programs: ${baseline.programs.join(', ')}.`]),
    ...config.checks.map(({ id, run }) => {
      const result = baseline?.checks.find((check) => check.id === id);
      return `Check ${id}: ${run.join(' ')}${result === undefined ? '' : ` (on the base: ${result.status}, in ${roughly(result)})`}`;
    }),
  ];
  return lines.map((line) => `- ${line}`).join('\n');
}

/** Nobody changes a submodule here: its files belong to another repository. */
function submoduleLines(submodules: readonly { readonly at: string; readonly shared: boolean }[]): string[] {
  const named = (shared: boolean): string =>
    submodules
      .filter((one) => one.shared === shared)
      .map(({ at }) => JSON.stringify(at))
      .join(', ');
  const [there, empty] = [named(true), named(false)];
  return [
    ...(there === ''
      ? []
      : [`Submodules, read-only for commands and file tools: ${there}. To remove one, take its section out of .gitmodules.`]),
    ...(empty === '' ? [] : [`Submodules whose files are not on this machine; their folders are empty: ${empty}.`]),
  ];
}

/** Rough on purpose: a busy machine shall make no other request of it. */
function roughly({ duration_ms: durationMs }: CheckResult): string {
  const step = STEPS_SECONDS.find((seconds) => durationMs < seconds * 1000);
  return step === undefined ? `about ${Math.round(durationMs / 60_000)} min` : `less than ${step} s`;
}

const STEPS_SECONDS = [30, 90];
