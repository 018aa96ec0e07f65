/** Dependencies are few, pinned, and each has a sentence that says why it is here. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
type Manifest = Record<'dependencies' | 'devDependencies', Record<string, string>>;
const manifest = JSON.parse(read('package.json')) as Manifest;
const compat = JSON.parse(read('test/compat/package.json')) as Manifest;
const browser = JSON.parse(read('test/browser/package.json')) as Manifest;
const dialects = JSON.parse(read('test/dialects/package.json')) as Manifest;
const all = {
  ...dialects.devDependencies,
  ...compat.devDependencies,
  ...browser.devDependencies,
  ...manifest.dependencies,
  ...manifest.devDependencies,
};

it('each dependency has a sentence in docs/dependencies.md, and no sentence stands for one that is gone', () => {
  const written = [...read('docs/dependencies.md').matchAll(/^- `([^`]+)`: .{20,}\.$/gm)].map((match) => match[1] ?? '');
  expect([...new Set(written)].sort()).toEqual(Object.keys(all).sort());
});

it('each dependency is pinned to one version', () => {
  const loose = [all, compat.devDependencies, dialects.devDependencies, browser.devDependencies]
    .flatMap((list) => Object.entries(list))
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  expect(loose).toEqual([]);
});

it.each(['package-lock.json', 'test/compat/package-lock.json', 'test/dialects/package-lock.json', 'test/browser/package-lock.json'])(
  '%s says of no package where it was fetched',
  (file) => {
    const { packages } = JSON.parse(read(file)) as { packages: Record<string, { resolved?: unknown }> }; // npm's own file
    expect(Object.keys(packages).length).toBeGreaterThan(10);
    expect(Object.entries(packages).filter(([, one]) => one.resolved !== undefined)).toEqual([]);
  },
);
