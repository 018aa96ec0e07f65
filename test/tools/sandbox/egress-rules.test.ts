/** Where setup may go: by name, and by what the name stands for. */
import { describe, expect, test } from 'vitest';
import { egressSchema, REGISTRIES } from '../../../domain/egress.ts';
import { egressRules } from '../../../tools/sandbox/egress-rules.ts';

const rules = (config: object = {}) => egressRules(egressSchema.parse(config));

describe('a host is asked', () => {
  test('where it is a public registry, of each manager; a domain whose names are listed is not listed itself', () => {
    expect(REGISTRIES).toHaveLength(14);
    for (const host of REGISTRIES) expect(rules().hostFault(host, 443), host).toBeUndefined();
    for (const host of ['npmjs.org', 'golang.org', 'githubusercontent.com', 'evil.pypi.org'])
      expect(rules().hostFault(host, 443), host).toContain('is not allowed');
  });

  test('where it is listed, exactly or below a name; the name itself is not below it', () => {
    const { hostFault } = rules({ allow: ['npm.corp.example', '*.cdn.example'] });
    expect(hostFault('npm.corp.example', 443)).toBeUndefined();
    expect(hostFault('a.b.cdn.example', 80)).toBeUndefined();
    for (const host of ['cdn.example', 'evilcdn.example', 'x.npm.corp.example', 'npm.corp.example.evil.example'])
      expect(hostFault(host, 443), host).toBe(
        `is not allowed; to allow it, write sandbox: { egress: { allow: [${host}] } } in operator.yaml`,
      );
  });

  test('not, where the registries are switched off', () =>
    expect(rules({ registries: false }).hostFault('pypi.org', 443)).toContain('is not allowed'));

  test.each(['1.1.1.1', '127.0.0.1', '[::1]', '::1', '2130706433', '0x7f.1', '017700000001', '127.1', 'a b', 'häuser.example', '', '-'])(
    'never by an address or what is no name: %j',
    (host) => expect(rules({ allow: ['*.corp.example'] }).hostFault(host, 443)).toBeDefined(),
  );

  test('only on the ports of the web', () => {
    expect(rules().hostFault('pypi.org', 22)).toBe('port 22 is not one of 80 and 443');
    expect(rules().hostFault('pypi.org', 80)).toBeUndefined();
  });
});

describe('a listed host may not stand for', () => {
  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fe80::1',
    '224.0.0.1',
    '255.255.255.255',
    '100.100.100.200',
    'fd00:ec2::254',
    'no address',
  ])('%s, whatever is configured', (address) => {
    const open = { addresses: ['0.0.0.0/0', '::/0'] };
    expect(rules(open).addressFault('npm.corp.example', [address])).toBe(
      `stands for ${address}, which is this machine's or no public address`,
    );
  });

  test('a private address, also beside a public one, but where the operator opened it', () => {
    const addresses = ['93.184.216.34', '10.1.2.3'];
    expect(rules().addressFault('npm.corp.example', addresses)).toBe(
      'stands for 10.1.2.3, a private address; where npm.corp.example is a registry of your own, write sandbox: { egress: { addresses: [10.1.2.3/32] } } in operator.yaml',
    );
    expect(rules({ addresses: ['10.1.0.0/16'] }).addressFault('npm.corp.example', addresses)).toBeUndefined();
    expect(rules({ addresses: ['10.1.0.0/16'] }).addressFault('npm.corp.example', ['192.168.0.1', 'fd12::1'])).toContain('192.168.0.1');
    expect(rules().addressFault('pypi.org', ['93.184.216.34', '2606:2800:220:1::1'])).toBeUndefined();
    expect(rules().addressFault('pypi.org', [])).toBe('has no address');
  });
});

test.each(['1.2.3.4', 'host:443', 'https://a.example', '*', '*.*.example', 'A.example', 'localhost'])(
  'operator.yaml refuses %s in the list of hosts',
  (host) => expect(egressSchema.safeParse({ allow: [host] }).error?.issues[0]?.message).toContain('is a host name such as'),
);
