/** Fakes of which only a part is given. */
import { expect, test } from 'vitest';
import { only } from './only.ts';
import { fakeServer } from './server.ts';
import { fakeSession } from './session.ts';

interface Port {
  read(): string;
  readonly size: number | undefined;
}

test('what was given is there, also when it is undefined', () => {
  const port = only<Port>('port', { read: () => 'text', size: undefined });
  expect([port.read(), port.size]).toEqual(['text', undefined]);
});

test('what was not given fails by its name', () => {
  expect(() => only<Port>('port', {}).size).toThrow('port.size was not given');
  expect(() => fakeSession().stores.dossier.list('t')).toThrow('session.stores.dossier.list was not given');
  expect(() => fakeServer({ served: {} }).served.items).toThrow('server.served.items was not given');
});

test('it can be awaited and compared', async () => {
  const port = only<Port>('port', { size: 1 });
  expect(await Promise.resolve(port)).toBe(port);
  expect(port).toEqual({ size: 1 });
});
