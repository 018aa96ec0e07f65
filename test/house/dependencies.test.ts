/** Dependencies are few, pinned, and each has a sentence that says why it is here. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
const all = { ...manifest.dependencies, ...manifest.devDependencies };

it('each dependency has a sentence in docs/dependencies.md, and no sentence stands for one that is gone', () => {
  const written = [...read('docs/dependencies.md').matchAll(/^- `([^`]+)`: .{20,}\.$/gm)].map((match) => match[1] ?? '');
  expect(written.sort()).toEqual(Object.keys(all).sort());
});

it('each dependency is pinned to one version', () => {
  const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  expect(loose).toEqual([]);
});

it('package-lock.json names no registry host', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved": "http/);
});
