/** Commands in bubblewrap: own root, empty environment, no network, own pid namespace, another uid, limits. */
import { egressSchema } from '../domain/egress.ts';
import { StopError, toError } from '../domain/errors.ts';
import { type SandboxLimits, sandboxLimitsSchema } from '../domain/sandbox-limits.ts';
import type { Canary, CommandResult, Sandbox, SandboxRequest } from '../domain/workspace.ts';
import { bwrapArguments, type Machine, MOUNT_CHANGED, type PlacedRequest } from './bwrap-arguments.ts';
import { createProof, runCanaries } from './canaries.ts';
import { makePlaces, refused } from './mounts.ts';
import { type ProcessResult, runProcess } from './process.ts';
import { createQuota } from './quota.ts';
import { delegatedFolder, makeGroup } from './sandbox/cgroup.ts';
import { type EgressOptions, type EgressProxy, openEgressProxy } from './sandbox/egress-proxy.ts';
import { inheritedDescriptors } from './sandbox/inherited.ts';
import { nodeInstall } from './sandbox/node-install.ts';
import { seccompProgram } from './sandbox/seccomp.ts';
import { userOf } from './sandbox/user.ts';

const OUTPUT_BYTES = 64 * 1024;

/** Longest wait for the empty command that tells whether bwrap itself failed, in ms. */
const PROBE_MS = 10_000;

/** The sandbox holds or it does not for all of this process. */
const proven = createProof();

export interface BwrapPlaces {
  /** The home; a canary tries to read it. */
  readonly stateFolder: string;
  /** Folders that no command sees, also where they lie in what is shown of the machine. */
  readonly concealed?: readonly string[];
  /** Where commands with `network` may go; default the public registries. */
  readonly egress?: EgressOptions;
  /** What one command may use, and all together add to their work tree. */
  readonly limits?: SandboxLimits;
  /** Whose commands: each run has a user of its own under a root governor. */
  readonly run?: string;
  /** The Node that commands find; default this process's own. */
  readonly nodeBinary?: string;
}

export function createBwrap(places: BwrapPlaces): Sandbox {
  const { stateFolder } = places;
  const on = machineOf(places);
  const start = starter(on);
  const quota = createQuota(on.limits, on.user);
  const attempt = (asked: SandboxRequest): Promise<CommandResult> =>
    quota.run(asked, async (signal) => {
      const { unmake, ...placed } = makePlaces(asked);
      const request = { ...asked, ...placed };
      let egress: EgressProxy | undefined;
      try {
        if (asked.network) egress = await openEgressProxy(places.egress ?? { config: egressSchema.parse({}) });
        const result = await start(request, signal, egress);
        // A command may print bwrap's words itself: an empty one tells.
        if (failure(result) !== undefined) {
          const problem = failure(await start({ ...request, argv: ['true'], timeoutMs: PROBE_MS }, signal, egress));
          if (problem !== undefined) throw problem;
        }
        const told = egress === undefined ? {} : { egress: egress.report() };
        return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8'), ...told };
      } catch (error) {
        if ((toError(error) as { code?: unknown }).code === 'ENOENT') throw unavailable('bwrap is not installed'); // a spawn error carries a code
        throw error;
      } finally {
        egress?.close();
        unmake();
      }
    });
  const canaries = (): Promise<Canary[]> => runCanaries(attempt, stateFolder);
  const run = async (asked: SandboxRequest): Promise<CommandResult> => {
    await proven(canaries);
    return attempt(asked);
  };
  return { level: 'bwrap', layers: layersOf(on), run, canaries };
}

/** What is the same for every command of a sandbox. */
interface On extends Omit<Machine, 'egressSocket'> {
  readonly filter: Uint8Array | undefined;
  /** Where control groups may be made. */
  readonly groups: string | undefined;
}

function machineOf({ concealed = [], nodeBinary = process.execPath, limits, run }: BwrapPlaces): On {
  const filter = seccompProgram(process.arch);
  return {
    user: process.getuid?.() === 0 ? userOf(run) : undefined,
    limits: limits ?? sandboxLimitsSchema.parse({}),
    concealed,
    node: nodeInstall(nodeBinary),
    inherited: inheritedDescriptors(),
    filter,
    hasFilter: filter !== undefined,
    groups: delegatedFolder(),
  };
}

/** What stands between a command and the machine, outermost first. */
const layersOf = ({ user, filter, groups }: On): string[] => [
  ...['mounts', 'processes', 'network'],
  user === undefined ? 'user-namespace' : 'user-per-run',
  ...(filter === undefined ? [] : ['system-calls']),
  'process-limits',
  ...(groups === undefined ? [] : ['group-limits']),
  'growth-quota',
];

type Start = (request: PlacedRequest, signal: AbortSignal, egress: EgressProxy | undefined) => Promise<ProcessResult>;

function starter(on: On): Start {
  return async (request, signal, egress) => {
    const group = on.groups === undefined ? undefined : makeGroup(on.groups, on.limits);
    const argv = bwrapArguments(request, { ...on, egressSocket: egress === undefined ? undefined : String(egress.at) });
    try {
      return await runProcess(group === undefined ? argv : ['sh', '-c', 'echo $$ > "$0" && exec "$@"', group.processes, ...argv], {
        third: on.filter,
        cwd: '/',
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
        timeoutMs: request.timeoutMs,
        outputBytes: request.outputBytes ?? OUTPUT_BYTES,
        signal,
      });
    } finally {
      await group?.remove();
    }
  };
}

/** Why a command was not started, as bwrap or what looks at the mounts says it. */
function failure(result: ProcessResult): StopError | undefined {
  const stderr = result.stderr.toString('utf8');
  if (result.exitCode === MOUNT_CHANGED.exitCode && stderr.startsWith(MOUNT_CHANGED.says))
    return refused(
      'of the command',
      'something else was put in its place between the check and the mount',
      'see what else works in that folder',
    );
  const failed = result.exitCode === 1 && stderr.startsWith('bwrap: ') && !stderr.startsWith('bwrap: execvp');
  return failed ? unavailable(stderr.split('\n')[0] ?? '') : undefined;
}

function unavailable(problem: string): StopError {
  return new StopError(
    'SANDBOX_UNAVAILABLE',
    `sandbox: ${problem}; nothing was run. Install it (apt-get install bubblewrap) and see: governor doctor`,
  );
}
