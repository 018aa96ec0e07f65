/** Addresses of endpoints as people write them. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../domain/errors.ts';
import { below, plainAddress, recordable } from '../../../models/wire/address.ts';
import { endpointModel } from '../fakes.ts';

describe('a base address', () => {
  it.each([
    ['http://LocalHost:1234/v1', 'http://localhost:1234/v1'],
    ['http://host.test:80/v1/', 'http://host.test/v1'],
    ['https://host.test:443', 'https://host.test'],
    [' https://host.test/v1 ', 'https://host.test/v1'],
    ['https://host.test/v1/chat/completions', 'https://host.test/v1'],
    [
      'https://x.openai.azure.com/openai/deployments/gpt?api-version=2025-04-01',
      'https://x.openai.azure.com/openai/deployments/gpt?api-version=2025-04-01',
    ],
    ['https://host.test/my/messages-gateway', 'https://host.test/my/messages-gateway'],
  ])('%j is %s', (word, plain) => {
    expect(plainAddress(word, 'baseUrl')).toBe(plain);
  });

  it.each(['host.test/v1', 'ftp://host.test', 'https://me:secret@host.test', ''])(
    '%j is refused, naming the key of the configuration',
    (word) => {
      expect(() => plainAddress(word, 'models.lead.baseUrl')).toThrow(UsageError);
      expect(() => plainAddress(word, 'models.lead.baseUrl')).toThrow(/^models\.lead\.baseUrl: /);
    },
  );
});

it('is recorded without what its query says: that may be a key', () => {
  const [one, other] = ['a-key-1', 'a-key-2'].map((key) => `https://host.test/v1?key=${key}`);
  expect(recordable(one ?? '')).toMatch(/^https:\/\/host\.test\/v1\?[0-9a-f]{12}$/);
  expect(recordable(one ?? '')).not.toBe(recordable(other ?? ''));
  expect(recordable('https://host.test/v1')).toBe('https://host.test/v1');
  expect(endpointModel(one ?? '').origin).not.toContain('a-key-1');
});

describe('a call below it', () => {
  it.each([
    ['https://host.test/v1', '/chat/completions', 'https://host.test/v1/chat/completions'],
    ['https://host.test/x?api-version=1', '/chat/completions', 'https://host.test/x/chat/completions?api-version=1'],
    ['https://host.test', '/v1/messages', 'https://host.test/v1/messages'],
    ['https://host.test/v1', '/v1/messages', 'https://host.test/v1/messages'],
    ['https://host.test/v1beta', '/v1beta/models/a:go?alt=sse', 'https://host.test/v1beta/models/a:go?alt=sse'],
    ['https://host.test/gate?team=1', '/v1beta/models/a:go?alt=sse', 'https://host.test/gate/v1beta/models/a:go?team=1&alt=sse'],
  ])('%s + %s', (base, path, whole) => {
    expect(below(base, path)).toBe(whole);
  });
});
