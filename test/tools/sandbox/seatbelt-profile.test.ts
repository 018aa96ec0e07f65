/** The profile's text; that it holds only a Mac can show. */
import { expect, test } from 'vitest';
import { seatbeltProfile } from '../../../tools/sandbox/seatbelt-profile.ts';

const lines = (places: Parameters<typeof seatbeltProfile>[0]): string[] => seatbeltProfile(places).split('\n');

test('everything is denied but what is named: writes in the tree, reads of the system and the links, no network', () => {
  const profile = lines({ writable: ['/w'], readable: ['/repo/node_modules'], readOnly: [] });
  expect(profile.slice(0, 2)).toEqual(['(version 1)', '(deny default)']);
  expect(profile.filter((line) => line.includes('file-write*'))).toEqual(['(allow file-write* (subpath "/w"))']);
  expect(profile.find((line) => line.includes('(subpath "/usr")'))).toContain('(subpath "/repo/node_modules") (subpath "/w")');
  expect(profile.filter((line) => /network|\/Users|\/private\/tmp/.test(line))).toEqual([]);
});

test('a file that is read-only is denied behind the folder that is writable, and one of an impossible name is left out', () => {
  const profile = lines({ writable: ['/w'], readable: [], readOnly: ['/w/test/a.js', '/w/test/\n.js'] });
  const writes = profile.filter((line) => line.includes('file-write*'));
  expect(writes).toEqual(['(allow file-write* (subpath "/w"))', '(deny file-write* (literal "/w/test/a.js"))']);
});

test('a setup step connects to the port of the egress proxy alone', () => {
  const network = lines({ writable: [], readable: [], readOnly: [], port: 4711 }).filter((line) => line.includes('network'));
  expect(network).toEqual(['(allow network-outbound (remote ip "localhost:4711"))']);
});

test('a path says nothing but itself', () => {
  const path = '/w")) (allow default) (x "\\';
  expect(seatbeltProfile({ writable: [path], readable: [], readOnly: [] })).toContain(
    String.raw`(subpath "/w\")) (allow default) (x \"\\")`,
  );
  expect(() => seatbeltProfile({ writable: ['/w\n(allow default)'], readable: [], readOnly: [] })).toThrow('control characters');
});
