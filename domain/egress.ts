/** Where setup steps with `network: true` may go: the `sandbox.egress` section of `operator.yaml`, and what they did there. */
import { z } from 'zod';

/** Public registries and what they download from: names of each domain, the empty one for the domain itself. */
const PUBLIC: Readonly<Record<string, readonly string[]>> = {
  // npm, pnpm, yarn
  'npmjs.org': ['registry'],
  'yarnpkg.com': ['registry'],
  // pip, uv, poetry
  'pypi.org': [''],
  'pythonhosted.org': ['files'],
  // cargo
  'crates.io': ['', 'index', 'static'],
  // go
  'golang.org': ['proxy', 'sum'],
  // gem, bundler
  'rubygems.org': ['', 'index'],
  // prebuilt binaries that packages fetch: a release's own page, and where it leads
  'github.com': [''],
  'githubusercontent.com': ['objects', 'release-assets'],
};
export const REGISTRIES: readonly string[] = Object.entries(PUBLIC).flatMap(([domain, names]) =>
  names.map((name) => (name === '' ? domain : `${name}.${domain}`)),
);

const host = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$/,
    'is a host name such as registry.example.com, or *.example.com for all names below it, in lower case; never an address or a port',
  );
const range = z.union([z.cidrv4(), z.cidrv6()], 'is an address range such as 10.1.0.0/16');

export const egressSchema = z.strictObject({
  /** Hosts beside the public registries. */
  allow: z.array(host).max(200).default([]),
  /** False: only what `allow` lists. */
  registries: z.boolean().default(true),
  /** Private addresses that a listed host may stand for, such as those of a registry of one's own; never this machine's. */
  addresses: z.array(range).max(50).default([]),
});
export type EgressConfig = z.infer<typeof egressSchema>;

/** What one command did over the network. */
export interface EgressReport {
  readonly hosts: readonly { readonly host: string; readonly connections: number; readonly bytesOut: number; readonly bytesIn: number }[];
  readonly refused: readonly EgressRefusal[];
}

export interface EgressRefusal {
  readonly host: string;
  /** The rule, and the mend. */
  readonly why: string;
}
