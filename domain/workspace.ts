/** Ports of the work tree: git by plumbing, work trees without git data, and the sandbox. Implemented in `tools/`. */
import type { EgressReport } from './egress.ts';
import type { Change } from './handoff.ts';

/** A command's outcome. Output is what the process wrote, capped, control characters kept. */
export interface CommandResult {
  /** Null when it was killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** True when output was dropped (head and tail are kept). */
  readonly truncated: boolean;
  readonly timedOut: boolean;
  readonly durationMs: number;
  /** Of a command with `network`, where the network was the sandbox's to give. */
  readonly egress?: EgressReport;
}

/** A read-only mount of a folder or file of the machine. */
export interface Mount {
  /** Where on the machine; links are followed, and what they lead to must be inside `root`. */
  readonly from: string;
  /** The folder that it may come from: the repository, or what one setup made. */
  readonly root: string;
  /** Relative to the workspace. */
  readonly at: string;
}

export interface SandboxRequest {
  readonly argv: readonly string[];
  /** Host folder that is writable at `/workspace`, the current folder of the command. */
  readonly workspace: string;
  readonly links: readonly Mount[];
  /** Paths relative to the workspace that are writable and thrown away (tmpfs); may lie under a link. */
  readonly scratch: readonly string[];
  /** Files of the workspace that the command reads and cannot change, rename or remove; `unsafe` does not hold this. */
  readonly readOnly?: readonly string[];
  /** A network of its own that leads to allowed registries alone. True only for declared setup steps. */
  readonly network: boolean;
  readonly timeoutMs: number;
  /** Output cap in bytes, per stream. Default 64 KiB. */
  readonly outputBytes?: number;
  /** Added to the small fixed environment (PATH, HOME, LANG, TMPDIR, CI). Never a secret. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Canary {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export type SandboxLevel = 'bwrap' | 'seatbelt' | 'unsafe';

export interface Sandbox {
  /** `bwrap`, on macOS `seatbelt`, or the explicit audited `unsafe`. */
  readonly level: SandboxLevel;
  /** What stands between a command and the machine, in words that people are shown. */
  readonly layers: readonly string[];
  /** Runs to the end and leaves no process. @throws StopError `SANDBOX_UNAVAILABLE`; an aborted signal rejects with its reason. */
  run(request: SandboxRequest): Promise<CommandResult>;
  /** Tries to break out; every canary must be ok. */
  canaries(): Promise<Canary[]>;
}

export interface TreeEntry {
  readonly path: string;
  /** `100644`, `100755`, `120000` (link), `160000` (submodule). */
  readonly mode: string;
  readonly oid: string;
}

/** A submodule of a tree. */
export interface Submodule {
  /** Its place in the tree. */
  readonly at: string;
  /** Its files, out of the repository's own store; undefined where that does not have them. */
  readonly folder: string | undefined;
}

/** Who signs commits, and when; recorded, so that the same inputs give the same commit. */
export interface CommitStamp {
  /** `Name <address>`. */
  readonly author: string;
  /** Seconds since 1970. */
  readonly atSeconds: number;
}

export type MergeResult =
  | { readonly kind: 'clean'; readonly tree: string }
  | { readonly kind: 'conflict'; readonly paths: readonly string[] };

export interface PatchOf {
  /** This file or folder alone; default all. */
  readonly path?: string | undefined;
  /** False: binary files are only named. Default true: their parts are in it. */
  readonly binary?: boolean;
}

/**
 * A user's repository, only ever driven by plumbing under a neutral configuration: no hook, filter, fsmonitor, alias or
 * user configuration of the repository, the user or the machine runs. Objects are shared with the repository.
 */
export interface Repository {
  /** Absolute path of the repository's top folder (or the bare repository itself). */
  readonly path: string;
  /** The commit of a ref or id. @throws UsageError naming the ref. */
  resolveCommit(ref: string): Promise<string>;
  /**
   * What of the repository a run from that commit could not live with, each with the rule and what to do; empty where all is well. What
   * a partial clone left out is fetched.
   */
  unfit(base: string): Promise<string[]>;
  /** Fetches what a partial clone left out of a commit's files. @throws StopError `DEPLOY_FAILED` naming what is not there. */
  bringObjects(commit: string): Promise<void>;
  branchTip(branch: string): Promise<string | undefined>;
  /** The checked-out branch; null when detached or bare. */
  currentBranch(): Promise<string | null>;
  /** Changed or untracked paths of the main checkout, at most 20. */
  dirtyPaths(): Promise<string[]>;
  treeOf(commit: string): Promise<string>;
  listTree(treeish: string): Promise<TreeEntry[]>;
  /** Undefined when absent. */
  readFile(treeish: string, path: string): Promise<Buffer | undefined>;
  /** The submodules of a commit or tree, those of submodules after them. `stateFolder`: where their files are kept. */
  submodules(treeish: string, stateFolder: string): Promise<Submodule[]>;
  blob(oid: string): Promise<Buffer>;
  /** How large a blob is, without reading it. */
  blobBytes(oid: string): Promise<number>;
  /** With renames (50 %), modes and content digests; sorted by path. */
  diff(fromTree: string, toTree: string): Promise<Change[]>;
  /** Added plus removed lines over all text files. */
  countLines(fromTree: string, toTree: string): Promise<number>;
  /** A unified patch. */
  patch(fromTree: string, toTree: string, of?: PatchOf): Promise<Buffer>;
  commit(options: { tree: string; parents: readonly string[]; message: string; stamp: CommitStamp }): Promise<string>;
  /** Three-way merge of trees; needs no checkout. All three are tree or commit ids. */
  merge(base: string, ours: string, theirs: string): Promise<MergeResult>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** Compare-and-swap; `from` null means "must not exist". False when the ref was not at `from`. */
  updateRef(ref: string, to: string | null, from: string | null): Promise<boolean>;
  readRef(ref: string): Promise<string | undefined>;
  /** The names of all refs under a prefix such as `refs/governor/<thread>/`. */
  listRefs(prefix: string): Promise<string[]>;
  /**
   * The folders in which a branch is checked out. @throws StopError `TARGET_DIRTY` where it is under a rebase, a bisect or an open merge,
   * or in a folder that is out of reach.
   */
  checkoutsOf(branch: string): Promise<string[]>;
  /**
   * Looks whether a checkout of `from` can be brought to `to`, as `git merge --ff-only` does it; what comes back does it.
   * @throws StopError `TARGET_DIRTY` naming what it would harm, and changes nothing; both.
   */
  prepareMove(folder: string, from: string, to: string): Promise<() => Promise<void>>;
  /** Brings a checkout from one commit to another, also where another process has begun or done it. @throws StopError `TARGET_DIRTY` */
  finishMove(folder: string, from: string, to: string): Promise<void>;
  /** The remote's branch, asked now. Undefined when it does not exist. @throws StopError `DEPLOY_FAILED`. */
  remoteTip(remote: string, branch: string): Promise<string | undefined>;
  /** Atomic push with a lease on `from`. `moved` when the remote was not at `from`. */
  push(remote: string, commit: string, branch: string, from: string | null): Promise<'pushed' | 'moved'>;
  /**
   * Makes an empty folder a work tree of `tree`. `attributes`: the commit or tree whose `.gitattributes`, and no others, say how files
   * are stored and written out; default: the first tree that stands in the folder.
   */
  checkout(tree: string, folder: string, attributes?: string): Promise<WorkTree>;
  /** Opens an existing work tree folder, whose files count only after a `restore`. */
  open(folder: string, attributes?: string): Promise<WorkTree>;
  /** Ends what is kept to read objects; whoever reads again starts it anew. */
  close(): void;
}

/** A folder with the files of a tree and no git data in it; its index lives beside it, out of the sandbox's reach. */
export interface WorkTree {
  readonly folder: string;
  /**
   * Writes what differs from the tree it stood at into the object store and returns the tree id; every other entry is taken over.
   * Left out is what the `.gitignore` files ignore as they stand in the folder, and what `newlyLeftOut` tells.
   * @throws StopError `FILE_UNSTORABLE`: the base's attributes ask for what cannot be done.
   */
  snapshot(): Promise<string>;
  /** What snapshots saw and did not take, but for what `.gitignore` ignores; each is told once, and at most 20 at once. */
  newlyLeftOut(): readonly { readonly path: string; readonly why: string }[];
  /** The tree of the last snapshot or restore; a new snapshot when there was none since `touched`. */
  current(): Promise<string>;
  /** Says that a tool is about to change the folder. */
  touched(): void;
  /** Makes the folder equal to the tree: changed files restored, files that are not in it removed. Ignored files stay. */
  restore(tree: string): Promise<void>;
  /** Removes the folder and its index. */
  remove(): Promise<void>;
}
