/** When the canaries are asked, and that nothing runs where one got out. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProof } from '../../tools/canaries.ts';
import { createSandbox } from '../../tools/sandbox.ts';

test('before the first command of a process every canary is tried, and not again', async () => {
  const state = mkdtempSync(join(tmpdir(), 'governor-proof-'));
  try {
    const ran = async (name: string): Promise<boolean> => {
      const stateFolder = join(state, name);
      mkdirSync(stateFolder);
      const sandbox = createSandbox({ level: 'bwrap', stateFolder });
      await sandbox.run({ argv: ['true'], workspace: stateFolder, links: [], scratch: [], network: false, timeoutMs: 10_000 });
      return existsSync(join(stateFolder, 'work'));
    };
    expect([await ran('first'), await ran('second')]).toEqual([true, false]);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

test('where one got out nothing runs, and it is tried again when somebody asks again; where all held it is not', async () => {
  const proven = createProof();
  let asked = 0;
  let out = true;
  const canaries = async () => {
    asked += 1;
    return [
      { name: 'host files', ok: true, detail: 'held' },
      { name: 'network', ok: !out, detail: 'a port of this machine was reached' },
    ];
  };
  await expect(proven(canaries)).rejects.toMatchObject({
    code: 'SANDBOX_UNAVAILABLE',
    message: 'sandbox: it does not hold: network (a port of this machine was reached); nothing was run. See: governor doctor',
  });
  const nothingRuns = ['a command runs', 'network'].map((name) => ({ name, ok: false, detail: 'bwrap is not installed' }));
  await expect(proven(async () => nothingRuns)).rejects.toThrow(
    'sandbox: it does not hold: a command runs (bwrap is not installed); nothing was run.',
  );
  out = false;
  await Promise.all([proven(canaries), proven(canaries)]);
  await proven(canaries);
  expect(asked).toBe(2);
});
