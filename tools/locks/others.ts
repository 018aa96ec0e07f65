/** Lock files of Python, Rust, Go, Ruby, PHP, Dart and Nix. */
import { parse } from 'yaml';
import { z } from 'zod';
import { archiveAt, type Locked, registryAt, repositoryAt, type Source, UNNAMED } from './source.ts';
import { parseToml } from './toml.ts';

const text = z.string().optional();
const fileSchema = z.looseObject({ url: text });
const packages = <Entry extends z.ZodType>(entry: Entry) => z.looseObject({ package: z.array(entry).default([]) });
const named = { name: z.string(), version: text };

const cargoLock = packages(z.looseObject({ ...named, source: text }));

/** A crate without a source is one of this repository. */
export function cargo(content: string): Locked[] {
  return cargoLock.parse(parseToml(content)).package.map(({ name, source }) => ({ name, source: cargoSource(source) }));
}

function cargoSource(source: string | undefined): Source {
  if (source === undefined) return UNNAMED;
  return /^(?:registry|sparse)\+/.test(source) ? registryAt(source) : repositoryAt(source);
}

const poetryLock = packages(z.looseObject({ ...named, source: z.looseObject({ type: z.string(), url: z.string() }).optional() }));

export function poetry(content: string): Locked[] {
  return poetryLock.parse(parseToml(content)).package.map(({ name, version, source }) => {
    if (source === undefined || source.type === 'directory' || source.type === 'file') return { name, source: UNNAMED };
    if (source.type === 'git') return { name, source: repositoryAt(source.url) };
    return { name, source: source.type === 'url' ? archiveAt(source.url, { name, version, form: 'python' }) : registryAt(source.url) };
  });
}

const uvLock = packages(
  z.looseObject({
    ...named,
    source: z.looseObject({ registry: text, git: text, url: text }).default({}),
    sdist: fileSchema.optional(),
    wheels: z.array(fileSchema).default([]),
  }),
);

/** The index, and each archive. */
export function uv(content: string): Locked[] {
  return uvLock.parse(parseToml(content)).package.flatMap(({ name, version, source, sdist, wheels }) => {
    const { registry, git, url } = source;
    const from = registry !== undefined ? registryAt(registry) : git !== undefined ? repositoryAt(git) : undefined;
    const whole = from ?? (url === undefined ? UNNAMED : archiveAt(url, { name, version, form: 'python' }));
    return [{ name, source: whole }, ...archives(name, version, sdist === undefined ? wheels : [sdist, ...wheels])];
  });
}

/** The archives of one package; a new kind of archive of a known host is none of a new place. */
function archives(name: string, version: string | undefined, files: readonly { readonly url?: string | undefined }[]): Locked[] {
  return files.flatMap(({ url }) =>
    url === undefined ? [] : [{ name: `${name} (archive)`, source: archiveAt(url, { name, version, form: 'python' }) }],
  );
}

const pdmLock = packages(z.looseObject({ ...named, git: text, url: text, files: z.array(fileSchema).default([]) }));

export function pdm(content: string): Locked[] {
  return pdmLock.parse(parseToml(content)).package.flatMap(({ name, version, git, url, files }) => {
    const source = git !== undefined ? repositoryAt(git) : url !== undefined ? archiveAt(url, { name, version, form: 'python' }) : UNNAMED;
    return [{ name, source }, ...archives(name, version, files)];
  });
}

const pipEntry = z.looseObject({ index: text, git: text, file: text });
const pipLock = z.looseObject({
  _meta: z.looseObject({ sources: z.array(z.looseObject({ name: text, url: z.string() })).default([]) }).default({ sources: [] }),
});

/** Everything beside `_meta` is a group of packages. */
export function pipenv(content: string): Locked[] {
  const raw = z.record(z.string(), z.unknown()).parse(JSON.parse(content));
  const { sources } = pipLock.parse(raw)._meta;
  const groups = Object.entries(raw).flatMap(([key, group]) => (key === '_meta' ? [] : [z.record(z.string(), pipEntry).parse(group)]));
  return groups.flatMap((group) =>
    Object.entries(group).map(([name, { index, git, file }]) => {
      if (git !== undefined) return { name, source: repositoryAt(git) };
      if (file !== undefined) return { name, source: archiveAt(file, { name, form: 'python' }) };
      const from = index === undefined ? sources[0] : sources.find((source) => source.name === index);
      return { name, source: from === undefined ? UNNAMED : registryAt(from.url) };
    }),
  );
}

/** What `pip` is told: its indexes, and packages at an address; the others come from there. */
export function requirements(content: string): Locked[] {
  return content
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .flatMap((line) => {
      const words = line.replace(/(?:^|\s)#.*$/, '').trim();
      const option = /^(-i|--index-url|--extra-index-url|-f|--find-links)[\s=]+(\S+)/.exec(words);
      if (option !== null) return [{ name: option[1] ?? '', source: { text: registryAt(option[2] ?? '').text } }];
      const direct = /^(?:-e\s+|--editable[\s=]+|([\w.-]+)(?:\[[^\]]*\])?\s*@\s*)?([a-z+]+:\/\/\S+)/i.exec(words);
      const [, named, address] = direct ?? [];
      if (address !== undefined)
        return [{ name: named ?? repositoryAt(address).text, source: archiveAt(address, { name: named ?? '-', form: 'python' }) }];
      const name = /^[\w.-]+/.exec(words)?.[0];
      return name === undefined ? [] : [{ name, source: UNNAMED }];
    });
}

/** A module's name is its address; its host is what new modules may share. */
export function goSum(content: string): Locked[] {
  return content.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const [module = '', version = '', hash = '', ...more] = line.trim().split(/\s+/);
    if (version === '' || !hash.startsWith('h1:') || more.length > 0) throw new Error(`line ${index + 1}: is no module with its hash`);
    return [{ name: module, source: { text: module, registry: module.split('/')[0] ?? module } }];
  });
}

/** `go.mod` is no lock file, but its `replace` says where a module really comes from. */
export function goReplace(content: string): Locked[] {
  let inBlock = false;
  return content.split(/\r?\n/).flatMap((line) => {
    const words = line.replace(/\/\/.*$/, '').trim();
    if (/^replace\s*\($/.test(words)) inBlock = true;
    else if (words === ')') inBlock = false;
    const said = inBlock ? words : /^replace\s+(.*)$/.exec(words)?.[1];
    const [, from, to] = /^(\S+)(?:\s+\S+)?\s+=>\s+(\S+)/.exec(said ?? '') ?? [];
    if (from === undefined || to === undefined) return [];
    const [name, target] = [from, to].map((word) => word.replace(/^["`]|["`]$/g, '')) as [string, string];
    return [/^\.{1,2}\//.test(target) ? { name, source: UNNAMED } : { name, as: target, source: { text: target } }];
  });
}

/** Blocks by their source, each with its packages. */
export function bundler(content: string): Locked[] {
  const locked: Locked[] = [];
  let kind = '';
  let remotes: string[] = [];
  for (const line of content.split(/\r?\n/)) {
    if (/^\S/.test(line)) [kind, remotes] = [line.trim(), []];
    const remote = /^ {2}remote: (.+)$/.exec(line)?.[1];
    if (remote !== undefined) remotes.push(remote);
    const name = /^ {4}(\S+) \([^)]*\)$/.exec(line)?.[1];
    if (name === undefined || !['GEM', 'GIT', 'PATH', 'PLUGIN SOURCE'].includes(kind)) continue;
    const address = remotes.toSorted().join(' ');
    const source = kind === 'PATH' || address === '' ? UNNAMED : kind === 'GIT' ? repositoryAt(address) : registryAt(address);
    locked.push({ name, source });
  }
  return locked;
}

const composerEntry = z.looseObject({
  ...named,
  dist: z.looseObject({ type: z.string(), url: z.string() }).nullish(),
  source: z.looseObject({ type: z.string(), url: z.string() }).nullish(),
});
const composerLock = z.looseObject({
  packages: z.array(composerEntry).default([]),
  'packages-dev': z.array(composerEntry).nullable().default([]),
});

/** Packages of its registry lie at the hosts of their repositories. */
export function composer(content: string): Locked[] {
  const lock = composerLock.parse(JSON.parse(content));
  return [...lock.packages, ...(lock['packages-dev'] ?? [])].flatMap(({ name, version, dist, source }) =>
    [dist, source].flatMap((one) => {
      if (one === null || one === undefined || one.type === 'path') return [];
      const { text: place } = one.type === 'git' ? repositoryAt(one.url) : archiveAt(one.url, { name, version });
      return [{ name, source: { text: place, ...(URL.canParse(one.url) ? { registry: new URL(one.url).origin } : {}) } }];
    }),
  );
}

const pubspecLock = z.looseObject({
  packages: z
    .record(
      z.string(),
      z.looseObject({ source: z.string(), description: z.union([z.string(), z.looseObject({ name: text, url: text })]).optional() }),
    )
    .default({}),
});

export function pubspec(content: string): Locked[] {
  const lock = pubspecLock.parse(parse(content, { maxAliasCount: 0, uniqueKeys: true }) ?? {});
  return Object.entries(lock.packages).map(([name, { source, description }]) => {
    const { url, name: real = name } = typeof description === 'object' ? description : {};
    const from = url === undefined ? UNNAMED : source === 'hosted' ? registryAt(url) : source === 'git' ? repositoryAt(url) : UNNAMED;
    return { name, ...(real === name ? {} : { as: real }), source: from };
  });
}

const flakeLock = z.looseObject({
  nodes: z.record(
    z.string(),
    z.looseObject({ locked: z.looseObject({ type: z.string(), owner: text, repo: text, host: text, url: text }).optional() }),
  ),
});

export function flake(content: string): Locked[] {
  return Object.entries(flakeLock.parse(JSON.parse(content)).nodes).flatMap(([name, { locked }]) => {
    if (locked === undefined || locked.type === 'path') return [];
    const { type, host, owner, repo, url } = locked;
    return [{ name, source: url === undefined ? { text: [type, host, owner, repo].join(':') } : repositoryAt(url) }];
  });
}
