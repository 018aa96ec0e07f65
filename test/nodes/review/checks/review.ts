/** A review of two trees of a real repository, in the real sandbox where there is one; only the stores are held in memory. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { configSchema } from '../../../../domain/config.ts';
import { type Finding, planBodySchema } from '../../../../domain/handoff.ts';
import type { CheckOutcome, ReviewCheck } from '../../../../nodes/review/checks/check.ts';
import { createKnown, createRedactor } from '../../../../tools/redact.ts';
import { openRepository } from '../../../../tools/repository.ts';
import { createSandbox } from '../../../../tools/sandbox.ts';
import { fakeSession } from '../../../fakes/session.ts';

/** Content by path; null deletes, a link is written as `{ link }`, a script as `{ run }`. */
type Files = Readonly<Record<string, string | null | { readonly link: string } | { readonly run: string }>>;

interface Review {
  readonly base: Files;
  readonly candidate: Files;
  readonly paths?: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly item?: readonly string[];
  readonly findings?: readonly Finding[];
  /** Values that are masked in everything that an agent sees. */
  readonly secrets?: readonly string[];
  /** Folders of this machine that every command finds, by their place in the tree. */
  readonly links?: Readonly<Record<string, string>>;
  /** Writes more into the candidate's folder: what is too large or too much to be held. */
  readonly write?: (repo: string) => void;
  /** Staged by `git update-index --cacheinfo`. */
  readonly gitlink?: string;
}

export interface Reviewed extends CheckOutcome {
  /** What the dossier was given, by path. */
  readonly evidence: ReadonlyMap<string, string>;
  /** The tree the checkout has after the check. */
  readonly left: string;
  readonly candidate: string;
  /** Names in the folder that holds the checkout. */
  readonly outside: (name: string) => boolean;
}

/** The sandbox level tests can use here. */
export const LEVEL = existsSync('/usr/bin/bwrap') ? 'bwrap' : 'unsafe';

/** Runs one rule check over the difference of two sets of files. */
export async function review(check: ReviewCheck, what: Review): Promise<Reviewed> {
  const folder = mkdtempSync(join(tmpdir(), 'governor-check-'));
  try {
    const repo = join(folder, 'repo');
    mkdirSync(repo);
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { encoding: 'utf8' }).trim();
    const commit = (files: Files, gitlink?: string, write?: Review['write']): { commit: string; tree: string } => {
      apply(repo, files);
      write?.(repo);
      git('add', '-A');
      if (gitlink !== undefined) git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${gitlink}`);
      git('commit', '-q', '--allow-empty', '-m', 'x');
      return { commit: git('rev-parse', 'HEAD'), tree: git('rev-parse', 'HEAD^{tree}') };
    };
    git('init', '-q', '-b', 'main');
    const base = commit(what.base);
    const candidate = commit(what.candidate, what.gitlink, what.write);
    const repository = await openRepository(repo, join(folder, 'home'));
    const checkout = await repository.checkout(candidate.tree, join(folder, 'work', 'checkout'));
    const evidence = new Map<string, string>();
    const kept = (path: string, content: string | Uint8Array) => {
      const text = Buffer.from(content).toString('utf8');
      evidence.set(path, text);
      return { path, sha256: '', bytes: text.length };
    };
    const session = fakeSession({
      facts: { threadId: 't' },
      doors: { redact: createRedactor(what.secrets ?? []), knownIn: createKnown(what.secrets ?? []).find },
      places: {
        sandbox: createSandbox({ level: LEVEL, stateFolder: join(folder, 'home') }),
        repository,
        workFolder: (name) => join(folder, 'work', name),
        mounts: async () => ({
          links: Object.entries(what.links ?? {}).map(([at, from]) => ({ at, from, root: dirname(from) })),
          scratch: [],
          submodules: [],
        }),
      },
      stores: {
        audit: { append: async () => undefined },
        dossier: {
          read: async (_thread, path) => {
            const text = evidence.get(path);
            return text === undefined ? undefined : { bytes: Buffer.from(text), ref: kept(path, text) };
          },
          writeText: async (_thread, path, text) => kept(path, text),
          writeJson: async (_thread, path, envelope) => kept(path, JSON.stringify(envelope)),
        },
      },
    });
    const item = { id: 'one', title: 'one', goal: 'one', paths: what.paths ?? ['**'], ...(what.item && { check: what.item }) };
    const outcome = await check.run({
      session,
      repository,
      base,
      candidate,
      changes: await repository.diff(base.tree, candidate.tree),
      plan: planBodySchema.parse({ summary: 's', items: [item] }),
      config: configSchema.parse({ version: 1, ...what.config }),
      checkout,
      attempt: 1,
      findings: what.findings ?? [],
    });
    const left = await checkout.snapshot();
    const there = new Set(['escaped.test.js'].filter((name) => existsSync(join(folder, 'work', name))));
    return { ...outcome, evidence, left, candidate: candidate.tree, outside: (name) => there.has(name) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function apply(repo: string, files: Files): void {
  const entries = Object.entries(files);
  for (const [path, content] of entries) if (content === null) rmSync(join(repo, path), { recursive: true, force: true });
  for (const [path, content] of entries) {
    if (content === null) continue;
    const place = join(repo, path);
    mkdirSync(dirname(place), { recursive: true });
    rmSync(place, { recursive: true, force: true });
    if (typeof content === 'string') writeFileSync(place, content);
    else if ('link' in content) symlinkSync(content.link, place);
    else writeFileSync(place, content.run, { mode: 0o755 });
  }
}

/** Code and path of each finding. */
export const codes = (outcome: CheckOutcome): string[] => outcome.findings.map((one) => `${one.code} ${one.path ?? ''}`.trim());

/** A configured check that is a line of the shell. */
export const sh = (id: string, script: string, more = {}) => ({ id, run: ['sh', '-c', script], ...more });
