/** Linked folders before a run: what is not there, and programs that lead where a sandbox shows nothing. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lookAtLinks } from '../../tools/linked.ts';
import { createSandbox } from '../../tools/sandbox.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'governor-linked-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const put = (name: string, text: string): void => {
  mkdirSync(dirname(join(path, name)), { recursive: true });
  writeFileSync(join(path, name), text);
  chmodSync(join(path, name), 0o755);
};
const look = (link: string, commands: readonly (readonly string[])[] = [], hasSetup = false) =>
  lookAtLinks({ path, link: [link], hasSetup, commands });
const NOTHING = { problems: [], warnings: [] };

describe('a folder that is not there', () => {
  test('is told with its path', () => {
    expect(look('node_modules')).toEqual({
      problems: [expect.stringContaining(`workspace.link node_modules: ${join(path, 'node_modules')} is not there`)],
      warnings: [],
    });
  });

  test('may be what a setup step makes, and an empty one is there', () => {
    expect(look('node_modules', [], true)).toEqual(NOTHING);
    mkdirSync(join(path, 'node_modules'));
    expect(look('node_modules')).toEqual(NOTHING);
  });
});

describe('programs of a linked folder', () => {
  test('that begin with a path of this machine stop a check that runs them, and the sandbox says why', async () => {
    put('.venv/bin/tool', `#!${path}/.venv/bin/python\n`);
    const found = look('.venv', [['./.venv/bin/tool', '-q']]);
    expect(found.problems).toEqual([expect.stringMatching(/tool begins with #!.*, which commands in the sandbox do not see.*python3 -m/)]);
    const work = mkdtempSync(join(tmpdir(), 'governor-linked-work-'));
    const ran = await createSandbox({ level: 'bwrap', stateFolder: path }).run({
      argv: ['.venv/bin/tool'],
      workspace: work,
      links: [{ from: join(path, '.venv'), root: path, at: '.venv' }],
      scratch: [],
      network: false,
      timeoutMs: 20_000,
    });
    rmSync(work, { recursive: true, force: true });
    expect(ran.exitCode).not.toBe(0);
  });

  test('are a warning where no check names them', () => {
    put('.venv/bin/tool', `#!${path}/.venv/bin/python\n`);
    expect(look('.venv', [['python3', '-m', 'tool']])).toEqual({
      problems: [],
      warnings: [expect.stringContaining('.venv/bin/tool begins with')],
    });
  });

  test('that are links out of what the sandbox shows are told, and links to the machine and in the repository are not', () => {
    mkdirSync(join(path, '.venv/bin'), { recursive: true });
    symlinkSync('/opt/somewhere/python', join(path, '.venv/bin/python'));
    expect(look('.venv', [['.venv/bin/python', '-m', 'pytest']]).problems).toEqual([
      expect.stringContaining('leads to /opt/somewhere/python'),
    ]);
    rmSync(join(path, '.venv/bin/python'));
    symlinkSync('/usr/bin/python3', join(path, '.venv/bin/python'));
    symlinkSync('python', join(path, '.venv/bin/python3'));
    put('.venv/bin/plain', '#!/bin/sh\n');
    expect(look('.venv', [['.venv/bin/python', '-m', 'pytest']])).toEqual(NOTHING);
    put('node_modules/tool/cli.js', '#!/usr/bin/env node\n');
    mkdirSync(join(path, 'node_modules/.bin'));
    symlinkSync('../tool/cli.js', join(path, 'node_modules/.bin/tool'));
    symlinkSync('../../packages/own/cli.js', join(path, 'node_modules/.bin/own'));
    symlinkSync('loop', join(path, 'node_modules/.bin/loop'));
    expect(look('node_modules', [['node_modules/.bin/tool']])).toEqual(NOTHING);
  });
});
