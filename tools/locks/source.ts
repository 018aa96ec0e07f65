/** Where a locked package comes from, in a form that an ordinary change of version leaves as it is. */

export interface Source {
  /** The address with the package's own name, version and digests as placeholders. */
  readonly text: string;
  /** What a package that is new may share with others: its registry. Absent: the address is of this package alone. */
  readonly registry?: string;
  /** A folder of this repository, or what the settings of the package manager say; the lock file names no address. */
  readonly unnamed?: true;
}

/** One entry of a lock file. */
export interface Locked {
  /** What the project calls it. */
  readonly name: string;
  /** The package that really stands there, where it has another name. */
  readonly as?: string;
  readonly source: Source;
}

export const UNNAMED: Source = { text: '(not named)', unnamed: true };

/** A registry that serves every package: its address alone. */
export const registryAt = (address: string): Source => ({ text: clean(address), registry: clean(address) });

/** A repository or an archive of one package; branches and commits are its versions. */
export const repositoryAt = (address: string): Source => ({ text: clean(address.replace(/[?#].*$/s, '')) });

/** The package that an archive is of, and how its names compare: Python writes one name in several ways, elsewhere each is another package. */
export interface Package {
  readonly name: string;
  readonly version?: string | undefined;
  readonly form?: 'python';
}

/**
 * The source of an archive. One whose address names the package, as registries' do, may be shared by new packages of that registry.
 * @example `https://r.test/left-pad/-/left-pad-1.3.0.tgz` is `https://r.test/{name}/-/{file}`.
 */
export function archiveAt(address: string, of: Package): Source {
  const bare = address.replace(/#.*$/s, '');
  const url = URL.canParse(bare) ? new URL(bare) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return repositoryAt(address);
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const all = parts.map((part, index) => placeholder(decoded(part), of, index === parts.length - 1));
  // A scope and its name are one name.
  const path = all.filter((part, index) => part !== '{name}' || all[index - 1] !== part);
  const text = clean(`${url.protocol}//${url.username === '' ? '' : 'user@'}${url.host}/${path.join('/')}${url.search}`);
  const isRegistry = path.some((part) => part === '{name}' || part === '{file}');
  return isRegistry ? { text, registry: text } : { text };
}

/** A digest, or one of the two-letter folders that archives of one are kept in. */
const DIGEST = /^(?:[0-9a-f]{2}|[0-9a-f]{20,})$/i;

function placeholder(part: string, { name, version = '', form }: Package, isFile: boolean): string {
  const same = form === 'python' ? pythonForm : (text: string) => text;
  const [scope, bare = name] = name.startsWith('@') ? name.split('/') : [name];
  if ([name, scope, bare].some((own) => own !== undefined && same(own) === same(part))) return '{name}';
  if (isFile && same(part).startsWith(same(`${bare}-${version}`))) return '{file}';
  if (version !== '' && part === version) return '{version}';
  return DIGEST.test(part) ? '{digest}' : part;
}

const pythonForm = (text: string): string => text.toLowerCase().replace(/[-_.]+/g, '-');

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** One way to write an address: who logs in is not told, and there is no slash at the end. */
const clean = (address: string): string =>
  address
    .trim()
    .replace(/^((?:[a-z+.]+:)?\/\/)[^/@]*@/i, '$1user@')
    .replace(/\/+$/, '');
