/** `governor eval`: what it may cost is said first, money needs a yes, and the card is printed and written. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Io } from '../../../cli/io.ts';
import { run } from '../../../cli/main.ts';
import { reportCardSchema } from '../../../domain/report-card.ts';
import { turnsBy } from '../../agents/brain.ts';
import { repairer } from '../../agents/repairer.ts';
import { SMALL } from '../../agents/repairs-small.ts';
import { type DialectServer, startDialect } from '../../dialects/server.ts';
import { governor } from '../../story/command.ts';
import { KEY_NAME, modelAt, strictConfig } from '../../story/strict.ts';
import { makeWorld, type World } from '../../story/world.ts';

let world: World;
let server: DialectServer;
let folder: string;
beforeEach(async () => {
  world = makeWorld();
  folder = mkdtempSync(join(tmpdir(), 'governor-eval-command-'));
  server = await startDialect('openai-chat', { turns: turnsBy(repairer(SMALL)) });
});
afterEach(async () => {
  await server.close();
  world.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function modelsFile(prices: object = {}): string {
  const config = join(folder, 'models.yaml');
  writeFileSync(config, stringify({ version: 1, ...strictConfig(modelAt('openai-chat', server), server, { prices }) }));
  return config;
}

/** In this process; `typed` is what a person types on a terminal. */
async function evaluated(args: readonly string[], on: { prices?: object; typed?: string } = {}) {
  const said = { output: '', errors: '', asked: [] as string[], listening: 0 };
  const io: Io = {
    stdout: (text) => {
      said.output += text;
      said.listening = process.listenerCount('SIGINT');
    },
    stderr: (text) => {
      said.errors += text;
    },
    env: { PATH: process.env['PATH'] ?? '', [KEY_NAME]: server.apiKey },
    isTTY: on.typed !== undefined,
    answer: async (question) => {
      said.asked.push(question);
      return on.typed ?? '';
    },
    size: () => ({ columns: 80, rows: 24 }),
  };
  const code = await run(['eval', ...args, '--config', modelsFile(on.prices), '--home', join(folder, 'home')], io);
  return { code, ...said };
}

test('the task of nothing to do is solved; goal and worst case are told beside, the card on stdout and in the file', async () => {
  const out = join(folder, 'card.json');
  const args = ['eval', '--task', 'nothing-slug-digits', '--yes', '--json', '--out', out, '--config', modelsFile()];
  const said = await governor(world, args, { cwd: folder, env: { [KEY_NAME]: server.apiKey } });
  expect(said.code, said.errors).toBe(0);
  expect(said.errors).toMatch(/^1 run\(s\) of 1 task\(s\) in .*examples\/eval\n {2}planner: openai:/);
  expect(said.errors).toContain('worst case $1.0000');
  expect(said.errors).toContain('1/1 nothing-slug-digits (1): slug() of src/slug.js must keep digits');
  expect(said.errors).toContain('1/1 nothing-slug-digits (1): solved, unchanged, $');
  const card = reportCardSchema.parse(JSON.parse(said.output));
  expect(card).toMatchObject({ complete: true, overall: { runs: 1, solved: 1, ends: { unchanged: 1 } } });
  expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(card);
});

test('without a price nothing is asked, and the card is a table', async () => {
  const said = await evaluated(['--task', 'impossible-two-contracts', '--quiet'], { prices: { [server.model]: 'free' } });
  expect({ code: said.code, errors: said.errors }).toEqual({ code: 0, errors: '' });
  expect(said.output).toMatch(/^impossible-two-contracts +1\/1 .*\$0\.0000/m);
  expect(said.output).toMatch(/^ends: waiting plan 1$/m);
});

test('with a price and no terminal nothing is spent without --yes, and no model is asked', async () => {
  const said = await evaluated(['--task', 'bug-leap-year']);
  expect(said.code).toBe(2);
  expect(said.errors).toContain('eval: may spend $1.0000; say --yes to allow it');
  expect(server.requests).toHaveLength(0);
});

test('on a terminal the worst case is asked about; a no runs nothing and leaves an earlier card', async () => {
  const out = join(folder, 'card.json');
  writeFileSync(out, 'earlier');
  const said = await evaluated(['--task', 'bug-leap-year', '--out', out, '--repeat', '3', '--max-usd', '2'], { typed: 'n' });
  expect(said).toMatchObject({ code: 3, output: '', asked: ['spend up to $2.0000? y/N '] });
  expect(said.errors).toMatch(/worst case \$3\.0000\nat most \$2\.0000 by --max-usd\nnothing was run\n$/);
  expect(server.requests).toHaveLength(0);
  expect(readFileSync(out, 'utf8')).toBe('earlier');
  expect(await evaluated(['--task', 'nothing-slug-digits', '--quiet'], { typed: 'y' })).toMatchObject({ code: 0 });
});

test.each([
  [['--repeat', '0'], '--repeat "0": write a number from 1 to 100'],
  [['--repeat', '101'], '--repeat "101": write a number'],
  [['--max-usd', 'much'], '--max-usd "much": is an amount of dollars above 0'],
  [['--max-usd', '0.5'], '--max-usd 0.5: task bug-csv-quotes alone may cost 1 dollars'],
  [['--task', 'nothing'], '--task "nothing": suite'],
  [['--models', 'boss=openai:x'], 'there is no role "boss"'],
  [['--out', '/nowhere/card.json', '--yes'], '--out /nowhere/card.json: cannot be written'],
  [['nowhere'], 'suite nowhere: there is no such folder'],
])('%j is refused by its name', async (args, message) => {
  const said = await evaluated(args);
  expect(said.code).toBe(2);
  expect(said.errors).toContain(message);
  expect(server.requests).toHaveLength(0);
});

test('a card that its file does not take in the end is printed all the same, and the failure told', async () => {
  const said = await evaluated(['--task', 'nothing-slug-digits', '--yes', '--json', '--out', '/dev/full']);
  expect(reportCardSchema.parse(JSON.parse(said.output))).toMatchObject({ complete: true, overall: { solved: 1 } });
  expect(said).toMatchObject({ code: 2, errors: expect.stringContaining('--out /dev/full: cannot be written (ENOSPC') });
});

test('Ctrl-C is heard until the card is out, and no longer', async () => {
  const before = process.listenerCount('SIGINT');
  expect((await evaluated(['--task', 'nothing-slug-digits', '--yes'])).listening).toBe(before + 1);
  expect(process.listenerCount('SIGINT')).toBe(before);
});
