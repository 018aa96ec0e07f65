/** Which addresses of a server are taken, and which would show a token to others. */
import { describe, expect, test } from 'vitest';
import { serverUrl } from '../../../cli/afar/server-url.ts';
import { UsageError } from '../../../domain/errors.ts';

const named = (url: string, insecure = false): string => serverUrl({ url, from: '--server', insecure });

test.each([
  ['https://governor.example.com', 'https://governor.example.com'],
  ['https://governor.example.com/', 'https://governor.example.com'],
  ['https://example.com/team/governor//', 'https://example.com/team/governor'],
  ['HTTPS://Governor.Example.COM:443/x/', 'https://governor.example.com/x'],
  ['http://localhost:2024', 'http://localhost:2024'],
  ['http://127.0.0.1:2024/', 'http://127.0.0.1:2024'],
  ['http://[::1]:2024', 'http://[::1]:2024'],
])('%s is %s', (given, address) => {
  expect(named(given)).toBe(address);
});

describe('an address is refused', () => {
  test.each([
    ['', 'is not a URL of a server'],
    ['governor.example.com', 'is not a URL of a server'],
    ['localhost:2024', 'is not a URL of a server'],
    ['file:///etc/passwd', 'is not a URL of a server'],
    ['https://example.com/?a=b', 'has a "?" or "#" behind it'],
    ['https://example.com/#a', 'has a "?" or "#" behind it'],
    ['http://governor.example.com', 'has no TLS'],
    ['http://127.0.0.1.example.com', 'has no TLS'],
    ['http://10.0.0.7:2024', 'has no TLS'],
  ])('%s: %s', (given, rule) => {
    expect(() => named(given)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(rule) }));
  });

  test('with a password in it, without saying the password', () => {
    const refused = (): string => named('https://ada:hunter2@example.com');
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }));
  });
});

test('http beyond this machine is taken where a person says so', () => {
  expect(named('http://10.0.0.7:2024/', true)).toBe('http://10.0.0.7:2024');
});
