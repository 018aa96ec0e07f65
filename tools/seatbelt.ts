/**
 * Commands under macOS's `sandbox-exec`: what may be read, written and connected to stands in a profile. Written by the profiles of other
 * tools and never tried on a Mac by this project: the canaries decide there, before the first command.
 */
import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { egressSchema } from '../domain/egress.ts';
import { type SandboxLimits, sandboxLimitsSchema } from '../domain/sandbox-limits.ts';
import type { Canary, CommandResult, Sandbox, SandboxRequest } from '../domain/workspace.ts';
import type { BwrapPlaces } from './bwrap.ts';
import { createProof, runCanaries } from './canaries.ts';
import { isBelow, refused } from './mounts.ts';
import { runProcess } from './process.ts';
import { createQuota } from './quota.ts';
import { type EgressProxy, openEgressProxy } from './sandbox/egress-proxy.ts';
import { proxyVariables } from './sandbox/forwarder.ts';
import { seatbeltProfile } from './sandbox/seatbelt-profile.ts';

const OUTPUT_BYTES = 64 * 1024;

const proven = createProof();

export function createSeatbelt(places: BwrapPlaces): Sandbox {
  const limits = places.limits ?? sandboxLimitsSchema.parse({});
  const quota = createQuota({ growth: places.growth });
  const attempt = (request: SandboxRequest): Promise<CommandResult> =>
    quota.run(request, (signal) => start(request, { places, limits, signal }));
  const canaries = (): Promise<Canary[]> => runCanaries(attempt, places.stateFolder);
  const run = async (request: SandboxRequest): Promise<CommandResult> => {
    await proven(canaries);
    return attempt(request);
  };
  return { level: 'seatbelt', layers: ['files', 'network', 'process-limits', 'growth-quota'], run, canaries };
}

interface Started {
  readonly places: BwrapPlaces;
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
}

async function start(request: SandboxRequest, { places, limits, signal }: Started): Promise<CommandResult> {
  const workspace = realpathSync(request.workspace);
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'governor-home-')));
  const made: string[] = [];
  let egress: EgressProxy | undefined;
  try {
    if (request.network) egress = await openEgressProxy(places.egress ?? { config: egressSchema.parse({}) }, 'port');
    const links = placeLinks(request, made);
    for (const at of request.scratch) placeScratch(join(workspace, at), at, made);
    const node = dirname(dirname(realpathSync(places.nodeBinary ?? process.execPath)));
    const programs = [join(node, 'bin'), join(node, 'lib', 'node_modules', 'npm')];
    const port = egress === undefined ? undefined : Number(egress.at);
    const readOnly = (request.readOnly ?? []).map((at) => join(workspace, at));
    const profile = seatbeltProfile({ writable: [workspace, home], readable: [...links, ...programs], readOnly, port });
    const result = await runProcess(['/usr/bin/sandbox-exec', '-p', profile, 'sh', '-c', limited(limits), 'sh', ...request.argv], {
      cwd: workspace,
      env: {
        PATH: `${join(node, 'bin')}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
        ...{ HOME: home, TMPDIR: home, LANG: 'C.UTF-8', CI: 'true', NO_COLOR: '1' },
        ...(port === undefined ? {} : proxyVariables(port)),
        ...request.env,
      },
      timeoutMs: request.timeoutMs,
      outputBytes: request.outputBytes ?? OUTPUT_BYTES,
      signal,
    });
    const told = egress === undefined ? {} : { egress: egress.report() };
    return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8'), ...told };
  } finally {
    egress?.close();
    for (const path of [...made.toReversed(), home]) rmSync(path, { recursive: true, force: true });
  }
}

/** There are no mounts: a link in the work tree, to a place that the profile lets be read. */
function placeLinks(request: SandboxRequest, made: string[]): string[] {
  return request.links.map(({ from, root, at }) => {
    const real = realpathSync(from);
    if (!isBelow(real, realpathSync(root)))
      throw refused(at, `leads to ${real}, which is not inside ${root}`, `replace ${from} by a folder`);
    const place = join(request.workspace, at);
    assertFree(place, at);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(real, place);
    made.push(place);
    return real;
  });
}

function placeScratch(place: string, at: string, made: string[]): void {
  if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true) return;
  assertFree(place, at);
  mkdirSync(place, { recursive: true });
  made.push(place);
}

function assertFree(place: string, at: string): void {
  if (lstatSync(place, { throwIfNoEntry: false }) !== undefined)
    throw refused(at, 'has something of the work tree in its place', `remove ${at} there`);
}

/** `ulimit` counts files in blocks of 512 bytes. */
const limited = ({ processes, fileMiB, openFiles }: SandboxLimits): string =>
  `ulimit -c 0 -u ${processes} -n ${openFiles} -f ${fileMiB * 2048}; exec "$@"`;
