/** Decides where a command may connect: by the name it asks for, and by the address that this name stands for. */
import { BlockList, isIP } from 'node:net';
import { type EgressConfig, REGISTRIES } from '../../domain/egress.ts';

/** This machine, and what carries an IPv4 address within: no configuration opens these. */
const OWN =
  '0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4 ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2002::/16 fe80::/10 ff00::/8';
/** Networks of one's own, carriers, tests and documentation (the IANA special-purpose registries). */
const PRIVATE =
  '10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 ' +
  '100::/64 2001::/23 2001:db8::/32 fc00::/7 fec0::/10';
/** The clouds' metadata in networks that may be opened. */
const METADATA = '100.100.100.200/32 192.0.0.192/32 fd00:ec2::254/128';
const PORTS = [80, 443];

type Range = (address: string) => boolean;

/** A list for each family: in one list every IPv4 address would lie in `::ffff:0:0/96`. */
function ranges(written: readonly string[]): Range {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const one of written) {
    const [address = '', bits = ''] = one.split('/');
    lists[familyOf(address)].addSubnet(address, Number(bits), familyOf(address));
  }
  return (address) => lists[familyOf(address)].check(address, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const isOwn = ranges([...OWN.split(' '), ...METADATA.split(' ')]);
const isPrivate = ranges(PRIVATE.split(' '));

export interface EgressRules {
  /** Why a host may not be asked; undefined: it may. */
  readonly hostFault: (host: string, port: number) => string | undefined;
  /** Why a host may not stand for these addresses; undefined: it may. */
  readonly addressFault: (host: string, addresses: readonly string[]) => string | undefined;
}

export function egressRules(config: EgressConfig): EgressRules {
  const allowed = [...(config.registries ? REGISTRIES : []), ...config.allow];
  const isOpened = ranges(config.addresses);
  return {
    hostFault: (host, port) => {
      if (isIP(host.replace(/^\[|\]$/g, '')) !== 0 || !/^[a-z0-9_.-]{1,253}$/.test(host) || !/[a-z]/.test(host.split('.').at(-1) ?? ''))
        return 'only host names are asked, never addresses';
      if (!PORTS.includes(port)) return `port ${port} is not one of ${PORTS.join(' and ')}`;
      if (allowed.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry))) return undefined;
      return `is not allowed; to allow it, write sandbox: { egress: { allow: [${host}] } } in operator.yaml`;
    },
    addressFault: (host, addresses) => {
      if (addresses.length === 0) return 'has no address';
      const own = addresses.find((address) => isIP(address) === 0 || isOwn(address));
      if (own !== undefined) return `stands for ${own}, which is this machine's or no public address`;
      const hidden = addresses.find((address) => isPrivate(address) && !isOpened(address));
      if (hidden === undefined) return undefined;
      return `stands for ${hidden}, a private address; where ${host} is a registry of your own, write sandbox: { egress: { addresses: [${hidden}/${familyOf(hidden) === 'ipv6' ? 128 : 32}] } } in operator.yaml`;
    },
  };
}
