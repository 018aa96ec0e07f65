/** A backup taken while runs are at work restores to a home that resumes every one of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { restoreHome } from '../../checkpoints/backup.ts';
import { openOperations } from '../../runtime/operations.ts';
import { approve, HAPPY, makeWorld, start } from '../story/world.ts';

const cli = new URL('../../dist/cli/main.js', import.meta.url).pathname;

test('backups under load: audit whole, every thread resumes, and each is released once', async () => {
  const world = makeWorld({ replies: HAPPY.map((reply) => ({ ...reply, delayMs: 150 })) });
  const operations = await world.open();
  try {
    const { thread_id: waiting } = await start(world, operations, 'Add a product function');
    const { threadId: running } = await operations.create({
      goal: 'Add the product function again',
      repo: world.repo,
      scriptFile: world.script,
    });
    const child = spawn(process.execPath, [cli, 'resume', running, '--home', world.home, '--quiet'], { stdio: 'ignore' });
    const files: string[] = [];
    // One for each answer that is recorded, as it is recorded.
    for (let answers = -1; files.length < 5; ) {
      await new Promise((wake) => setTimeout(wake, 30));
      const now = (await operations.result(running)).spend.model_calls;
      if (now === answers) continue;
      answers = now;
      const file = join(world.folder, `backup-${files.length}`);
      await operations.backup(file);
      files.push(file);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    const calls = new Set<number>();
    for (const [index, file] of files.entries()) {
      const home = join(world.folder, `restored-${index}`);
      restoreHome(file, home);
      const restored = await openOperations({ home, env: { PATH: process.env['PATH'] ?? '' } });
      expect((await restored.list()).map((one) => one.thread_id).toSorted()).toEqual([waiting, running].toSorted());
      expect(await restored.verifyAudit()).toMatchObject({ kind: 'whole' });
      calls.add((await restored.result(running)).spend.model_calls);
      const resumed = await restored.resume(running);
      expect(resumed).toMatchObject({ status: 'waiting', reason: null });
      expect(resumed.spend.model_calls).toBeLessThanOrEqual(HAPPY.length + 1);
      if (index === files.length - 1) {
        expect(await approve(restored, waiting)).toMatchObject({ status: 'released' });
        expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
      }
      await restored.close();
    }
    expect(calls.size).toBeGreaterThan(3);
  } finally {
    await operations.close();
    world.dispose();
  }
});
