/** Red lines that nobody wrote: by default, by where locked packages come from, and by CODEOWNERS of the base. */
import { afterEach, expect, test } from 'vitest';
import { gateText } from '../../cli/print.ts';
import { approve, critic, makeWorld, planReply, type Reply, start, submit, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

interface Story {
  readonly writes: Readonly<Record<string, string>>;
  readonly config?: object;
  readonly files?: Readonly<Record<string, string>>;
  readonly planned?: readonly string[];
}

/** A run that writes these files, under a policy that releases without a person where no red line is touched. */
async function told({ writes, config, files = {}, planned = ['**'] }: Story) {
  world?.dispose();
  const calls = Object.entries(writes);
  const replies: Reply[] = [
    planReply(1, planned),
    ...calls.map(([path, text], at) => write(1, at + 1, path, text)),
    submit(1, calls.length + 1),
    critic(1),
  ];
  world = makeWorld({ config: { patterns: 2, release: { approval: 'on-red-line' }, ...config }, files, replies });
  const operations = await world.open();
  try {
    const result = await start(world, operations);
    const gate = await operations.gate(result.thread_id);
    const lines = gate?.redLines.map(({ rule_id, origin, paths }) => `${rule_id} ${origin} ${paths.join(' ')}`) ?? [];
    return { status: result.status, at: result.waiting?.gate, lines, gate };
  } finally {
    await operations.close();
  }
}

const RELEASED = { status: 'released', lines: [] };

test('a pipeline waits for a person, who is told which red line of which origin; a page beside it is released without one', async () => {
  const ci = await told({ writes: { '.github/workflows/ci.yml': 'on: push\n' } });
  expect(ci).toMatchObject({ status: 'waiting', at: 'release', lines: ['default:ci default .github/workflows/ci.yml'] });
  expect(ci.gate?.row.shown).toMatchObject({ red_lines: ['default:ci'], red_line_origins: ['by default'] });
  expect(ci.gate && gateText(ci.gate, '')).toContain(
    'RED LINE default:ci by default: a pipeline runs with more rights than any agent has: .github/workflows/ci.yml',
  );
  expect(ci.gate?.review).toContain('**Red line default:ci** by default (a pipeline runs with more rights than any agent has)');
  expect(await told({ writes: { '.github/ISSUE_TEMPLATE/bug.md': 'what happened?\n' } })).toMatchObject(RELEASED);
});

test('who takes a red line away by its name has it no more, and the others stay', async () => {
  const config = { protectDefaults: { ci: false } };
  expect(await told({ config, writes: { '.github/workflows/ci.yml': 'on: push\n' } })).toMatchObject(RELEASED);
  expect((await told({ config, writes: { 'src/.gitattributes': '* -text\n' } })).lines).toEqual(['default:git default src/.gitattributes']);
});

const lock = (host: string, version: string): string =>
  `${JSON.stringify({ packages: { 'node_modules/a': { version, resolved: `https://${host}/a/-/a-${version}.tgz` } } })}\n`;

test('a lock file with another registry waits for a person; another version from the same one is released without', async () => {
  const files = { 'package-lock.json': lock('packages.example.test', '1.0.0') };
  const moved = await told({ files, writes: { 'package-lock.json': lock('packages.evil.test', '1.0.0') } });
  expect(moved).toMatchObject({ status: 'waiting', lines: ['default:registries default package-lock.json'] });
  expect(moved.gate?.redLines[0]?.reason).toContain('a comes from https://packages.evil.test');
  expect(await told({ files, writes: { 'package-lock.json': lock('packages.example.test', '1.1.0') } })).toMatchObject(RELEASED);
});

test('a plan that names a red line by default asks at the plan gate; a wide plan does not', async () => {
  const writes = { '.github/workflows/ci.yml': 'on: push\n' };
  expect(await told({ planned: ['.github/workflows/**'], writes })).toMatchObject({ status: 'waiting', at: 'plan' });
  expect(await told({ planned: ['**'], writes })).toMatchObject({ status: 'waiting', at: 'release' });
});

const OWNED = { '.github/CODEOWNERS': '/src/ @core\n/src/free\n', 'src/free/a.js': '' };
const protectFrom = { codeowners: 'github' };

test('what CODEOWNERS of the base owns waits for a person, also where the candidate rewrites it; what nobody owns is released', async () => {
  const writes = { 'src/product.js': 'export const product = (a, b) => a * b;\n' };
  const owned = await told({ config: { protectFrom }, files: OWNED, writes });
  expect(owned).toMatchObject({ status: 'waiting', lines: ['codeowners:1 codeowners src/product.js'] });
  expect(owned.gate?.redLines[0]?.reason).toBe('@core owns /src/ (.github/CODEOWNERS:1)');
  const rewritten = await told({ config: { protectFrom }, files: OWNED, writes: { ...writes, '.github/CODEOWNERS': '# nobody\n' } });
  expect(rewritten.lines).toEqual(['default:codeowners default .github/CODEOWNERS', 'codeowners:1 codeowners src/product.js']);
  expect(await told({ config: { protectFrom }, files: OWNED, writes: { 'src/free/b.js': 'export const b = 1;\n' } })).toMatchObject(
    RELEASED,
  );
  expect(await told({ files: OWNED, writes })).toMatchObject(RELEASED);
});

test('a run that asks for a CODEOWNERS that is not there does not start, and says where it looked', async () => {
  world = makeWorld({ config: { protectFrom } });
  const operations = await world.open();
  await expect(start(world, operations)).rejects.toThrow(
    /^governor\.yaml:\d+: protectFrom\.codeowners: github asks for the CODEOWNERS of base commit [0-9a-f]{12}, and there is none at \.github\/CODEOWNERS, CODEOWNERS, docs\/CODEOWNERS; commit one, or remove protectFrom$/,
  );
  await operations.close();
});

test('a pattern that names nothing is told before the run and at its gate, with what was meant; one that names a file is not', async () => {
  const rule = (path: string) => ({ config: { patterns: 2, protect: [{ id: 'sums', paths: [path], reason: 'r' }] } });
  world = makeWorld(rule('sum.js'));
  let operations = await world.open();
  const created = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  const line = 'protect "sums": pattern "sum.js" names no file of the base; "**/sum.js" would name "src/sum.js"';
  expect(created.warnings).toEqual([expect.stringMatching(/^governor\.yaml:\d+: protect "sums"/)]);
  expect(created.warnings[0]).toContain(line);
  await operations.drive(created.threadId);
  const gate = await operations.gate(created.threadId);
  expect(gate?.warnings).toEqual([`governor.yaml: ${line}`]);
  expect(gate && gateText(gate, '')).toContain(`warning: governor.yaml: ${line}`);
  expect(gate?.row.shown['warnings']).toEqual([`governor.yaml: ${line}`]);
  expect(await approve(operations, created.threadId)).toMatchObject({ status: 'released' });
  await operations.close();
  world.dispose();
  world = makeWorld(rule('src/sum.js'));
  operations = await world.open();
  const quiet = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  expect(quiet.warnings).toEqual([]);
  await operations.close();
});
