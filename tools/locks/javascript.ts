/** Lock files of npm, Yarn (both kinds), pnpm, Bun and Deno. */
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { archiveAt, type Locked, registryAt, repositoryAt, type Source, UNNAMED } from './source.ts';

const textSchema = z.string().optional();
const record = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value).default({});

interface NpmNode {
  version?: string | undefined;
  resolved?: string | boolean | undefined;
  dependencies?: Record<string, NpmNode> | undefined;
}
const npmNode: z.ZodType<NpmNode> = z.lazy(() =>
  z.looseObject({ version: textSchema, resolved: z.union([z.string(), z.boolean()]).optional(), dependencies: record(npmNode).optional() }),
);
const npmEntry = z.looseObject({
  name: textSchema,
  version: textSchema,
  resolved: z.union([z.string(), z.boolean()]).optional(),
  link: z.boolean().optional(),
});
const npmLock = z.looseObject({ packages: record(npmEntry), dependencies: record(npmNode) });

/** Both lists, since old and new versions of npm read different ones. */
export function npm(text: string): Locked[] {
  const { packages, dependencies } = npmLock.parse(JSON.parse(text));
  const listed = Object.entries(packages).flatMap(([place, entry]) => {
    const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place)?.[1];
    if (name === undefined) return [];
    const real = entry.name ?? name;
    const address = entry.link === true ? undefined : entry.resolved;
    return [{ name, ...(real === name ? {} : { as: real }), source: npmSource(address, real, entry.version) }];
  });
  return [...listed, ...nested(dependencies)];
}

function nested(dependencies: Readonly<Record<string, NpmNode>>): Locked[] {
  return Object.entries(dependencies).flatMap(([name, { version = '', resolved, dependencies: inner = {} }]) => {
    const alias = /^npm:((?:@[^/]+\/)?[^@]+)@(.+)$/.exec(version);
    const real = alias?.[1] ?? name;
    // Of what is no package of a registry the version is its address.
    const address = resolved ?? (/^[a-z+]+:/i.test(version) && alias === null ? version : undefined);
    const entry = { name, ...(real === name ? {} : { as: real }), source: npmSource(address, real, alias?.[2] ?? version) };
    return [entry, ...nested(inner)];
  });
}

function npmSource(address: string | boolean | undefined, name: string, version?: string): Source {
  if (typeof address !== 'string' || /^(?:file|link|workspace):/.test(address)) return UNNAMED;
  return /^[a-z+]+:/i.test(address) ? archiveAt(address, { name, version }) : UNNAMED;
}

/** `name@range` as name and range, also of a scope. */
function descriptor(text: string): [name: string, range: string] {
  const at = text.indexOf('@', 1);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

const aliasOf = (range: string): string | undefined =>
  /^npm:(?:@[^/]+\/)?[^@/]+@/.test(range) ? descriptor(range.slice(4))[0] : undefined;

/** Yarn's first format is its own, the later one YAML. */
export function yarn(text: string): Locked[] {
  return /^__metadata:/m.test(text) ? yarnBerry(text) : yarnClassic(text);
}

function yarnClassic(text: string): Locked[] {
  const locked: Locked[] = [];
  let heads: string[] = [];
  let version = '';
  let resolved: string | undefined;
  const end = (): void => {
    for (const head of heads) {
      const [name, range] = descriptor(head);
      const real = aliasOf(range) ?? name;
      const address = resolved ?? (/^(?:git|https?|ssh)[+:@]/i.test(range) ? range : undefined);
      locked.push({ name, ...(real === name ? {} : { as: real }), source: npmSource(address, real, version) });
    }
    [heads, version, resolved] = [[], '', undefined];
  };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (!line.startsWith(' ')) {
      end();
      if (!line.endsWith(':')) throw new Error(`line ${index + 1}: is no entry`);
      heads = (line.slice(0, -1).match(/"(?:[^"\\]|\\.)*"|[^,\s]+/g) ?? []).map(unquoted);
    } else if (/^ {2}\S/.test(line)) {
      const [key = '', ...rest] = line.trim().split(' ');
      if (unquoted(key) === 'version') version = unquoted(rest.join(' '));
      if (unquoted(key) === 'resolved') resolved = unquoted(rest.join(' '));
    }
  }
  end();
  return locked;
}

const unquoted = (word: string): string => (word.startsWith('"') ? z.string().parse(JSON.parse(word)) : word);

const berryEntry = z.looseObject({ version: z.coerce.string().optional(), resolution: z.string() });

function yarnBerry(text: string): Locked[] {
  const { __metadata: _about, ...entries } = z.record(z.string(), z.unknown()).parse(yaml(text));
  return Object.entries(entries).flatMap(([heads, value]) => {
    const { resolution, version } = berryEntry.parse(value);
    const [real, place] = descriptor(resolution);
    return heads.split(', ').map((head) => {
      const [name] = descriptor(head);
      return { name, ...(real === name ? {} : { as: real }), source: berrySource(place, real, version) };
    });
  });
}

/** A patch is a file of this repository over another package. */
function berrySource(place: string, name: string, version: string | undefined): Source {
  const archive = /[:&]__archiveUrl=([^&]+)/.exec(place)?.[1];
  if (archive !== undefined) return archiveAt(decodeURIComponent(archive), { name, version });
  if (/^(?:npm|workspace|link|portal|file|virtual):/.test(place)) return UNNAMED;
  if (!place.startsWith('patch:')) return archiveAt(place, { name, version });
  const inner = decodeURIComponent(place.slice('patch:'.length).replace(/#.*$/s, ''));
  return berrySource(descriptor(inner)[1], name, version);
}

const pnpmEntry = z.looseObject({
  name: textSchema,
  version: z.coerce.string().optional(),
  resolution: z.looseObject({ tarball: textSchema, type: textSchema, repo: textSchema }).default({}),
  dependencies: record(z.string()),
  optionalDependencies: record(z.string()),
});
const pnpmNeed = z.union([z.string(), z.looseObject({ version: z.coerce.string() })]);
const pnpmImporter = z.looseObject({
  dependencies: record(pnpmNeed),
  devDependencies: record(pnpmNeed),
  optionalDependencies: record(pnpmNeed),
});
const pnpmLock = z.looseObject({
  packages: record(pnpmEntry),
  snapshots: record(z.looseObject({ dependencies: record(z.string()), optionalDependencies: record(z.string()) })),
  importers: record(pnpmImporter),
});

/** It names addresses only of what is no package of the registry, and other names where somebody needs a package. */
export function pnpm(text: string): Locked[] {
  // Its own version may stand in a document of its own in front.
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    const [broken] = document.errors;
    if (broken !== undefined) throw broken;
    return pnpmDocument(document.toJS(NO_ALIASES) ?? {});
  });
}

function pnpmDocument(raw: unknown): Locked[] {
  const { packages, snapshots, importers } = pnpmLock.parse(raw);
  const listed = Object.entries(packages).map(([key, entry]) => {
    const { tarball, repo } = entry.resolution;
    const [keyName, keyVersion] = pnpmKey(key);
    const name = entry.name ?? keyName;
    const version = entry.version ?? keyVersion;
    const source = tarball !== undefined ? npmSource(tarball, name, version) : repo !== undefined ? repositoryAt(repo) : UNNAMED;
    return { name, source };
  });
  const top = pnpmImporter.parse(raw);
  const needs = [...Object.values(packages), ...Object.values(snapshots), ...Object.values(importers), top].flatMap((one) =>
    Object.entries({ ...one.dependencies, ...one.optionalDependencies, ...('devDependencies' in one ? Object(one.devDependencies) : {}) }),
  );
  return [...listed, ...needs.flatMap(([name, need]) => pnpmAlias(name, pnpmNeed.parse(need)))];
}

/** `/name/1.0.0`, `/name@1.0.0(peer)`, `name@1.0.0`, each also with a scope; before version 6 with a registry's host in front. */
function pnpmKey(key: string): [name: string, version: string] {
  const bare = key.replace(/^\//, '').replace(/\(.*$/, '');
  const at = bare.indexOf('@', 1);
  if (at > 0 && !bare.slice(at).includes('/')) return [bare.slice(0, at), bare.slice(at + 1)];
  if (at > 0 && /^(?:@[^/@]+\/)?[^/@]+@/.test(bare)) return [bare.slice(0, at), ''];
  const slash = bare.lastIndexOf('/');
  return slash > 0 ? [bare.slice(0, slash), bare.slice(slash + 1).replace(/_.*$/, '')] : [bare, ''];
}

/** Somebody needs a package under another name. */
function pnpmAlias(name: string, need: z.infer<typeof pnpmNeed>): Locked[] {
  const place = typeof need === 'string' ? need : need.version;
  const named = /^(?:\/(?:@[^/@]+\/)?[^/@]+[/@]|(?:@[^/@:]+\/)?[^/@:()]+@)\d/.test(place);
  const [real] = named ? pnpmKey(place) : [name];
  return real === name ? [] : [{ name, as: real, source: UNNAMED }];
}

const bunLock = z.looseObject({ packages: record(z.array(z.unknown()).min(1)) });

/** JSON that may end its lists with a comma. */
export function bun(text: string): Locked[] {
  const { packages } = bunLock.parse(yaml(text));
  return Object.entries(packages).map(([key, [what, second]]) => {
    const [real, place] = descriptor(z.string().parse(what));
    const name = /(?:@[^/]+\/)?[^/]+$/.exec(key)?.[0] ?? key;
    const other = real === name ? {} : { as: real };
    if (/^(?:workspace|link|file):/.test(place)) return { name, ...other, source: UNNAMED };
    if (/^[a-z+]+:/i.test(place)) return { name, ...other, source: archiveAt(place, { name: real }) };
    if (typeof second !== 'string' || second === '') return { name, ...other, source: UNNAMED };
    return {
      name,
      ...other,
      source: /\.t(?:ar\.)?gz$/.test(second) ? archiveAt(second, { name: real, version: place }) : registryAt(second),
    };
  });
}

const denoLock = z.looseObject({ remote: record(z.string()), redirects: record(z.string()) });

/** Of `npm:` and `jsr:` it names no address; of files at an address each is one entry. */
export function deno(text: string): Locked[] {
  const { remote, redirects } = denoLock.parse(JSON.parse(text));
  const addresses = [...Object.keys(remote), ...Object.values(redirects)];
  return addresses.map((address) => {
    const unversioned = address.replace(/@v?\d[^/]*/, '');
    return { name: unversioned, source: { text: unversioned, registry: new URL(address).origin } };
  });
}

/** Without aliases, which lock files do not have, and could hide things behind. */
function yaml(text: string): unknown {
  return parse(text, { ...NO_ALIASES, uniqueKeys: true });
}

const NO_ALIASES = { maxAliasCount: 0 };
