/** Every test file runs in exactly one suite, and CI runs every suite. */
import { readdirSync, readFileSync } from 'node:fs';
import picomatch from 'picomatch';
import { expect, test } from 'vitest';

interface Suite {
  readonly config: string;
  readonly runs: (file: string) => boolean;
}

const CONFIGS = readdirSync('.').filter((name) => /^vitest\..+\.config\.ts$/.test(name));
const FILES = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path}`)
  .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'));

async function suiteOf(config: string): Promise<Suite> {
  const { default: written } = (await import(/* @vite-ignore */ `../../${config}`)) as {
    default: { test: { include: string[]; exclude?: string[] } };
  }; // a vitest configuration
  const [included, excluded] = [picomatch(written.test.include), picomatch(written.test.exclude ?? [])];
  return { config, runs: (file) => included(file) && !excluded(file) };
}

test('every test file runs in exactly one suite', async () => {
  const suites = await Promise.all(CONFIGS.map(suiteOf));
  const placed = FILES.map((file) => [file, suites.filter(({ runs }) => runs(file)).map(({ config }) => config)] as const);
  expect(placed.filter(([, of]) => of.length !== 1)).toEqual([]);
  const empty = suites.filter(({ runs }) => !FILES.some(runs)).map(({ config }) => config);
  expect(empty).toEqual([]);
});

test('CI runs every suite', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }; // our own file
  const ci = readFileSync('.ci/run', 'utf8');
  for (const config of CONFIGS.filter((name) => name !== 'vitest.unit.config.ts')) {
    const [script] = Object.entries(scripts).find(([, command]) => command.includes(config)) ?? [];
    expect(ci, config).toContain(`step "npm run ${script}"`);
  }
});
