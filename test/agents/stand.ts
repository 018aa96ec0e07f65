/** An evaluation over the strict imitation of chat completions, with a brain behind it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ReportCard } from '../../domain/report-card.ts';
import { prepareEvaluation } from '../../runtime/evaluate.ts';
import { type DialectServer, startDialect } from '../dialects/server.ts';
import { expectNoRefusal, KEY_NAME, modelAt, strictConfig } from '../story/strict.ts';
import { type Brain, turnsBy } from './brain.ts';

export interface Evaluated {
  readonly card: ReportCard;
  readonly requests: DialectServer['requests'];
}

/** The shipped suite, or one task of it. Fails where the endpoint refused a request. */
export async function evaluate(brain: Brain, options: { task?: string; repeat?: number } = {}): Promise<Evaluated> {
  const folder = mkdtempSync(join(tmpdir(), 'governor-agents-'));
  const server = await startDialect('openai-chat', { turns: turnsBy(brain) });
  try {
    const configFile = join(folder, 'governor.yaml');
    writeFileSync(configFile, stringify({ version: 1, ...strictConfig(modelAt('openai-chat', server), server) }));
    const evaluation = await prepareEvaluation({
      configFile,
      folder,
      home: join(folder, 'home'),
      repeat: options.repeat ?? 1,
      env: { PATH: process.env['PATH'] ?? '', [KEY_NAME]: server.apiKey },
      ...(options.task === undefined ? {} : { task: options.task }),
    });
    const card = await evaluation.run({ signal: new AbortController().signal, onStart: () => {}, onEnd: () => {} });
    expectNoRefusal(server.requests);
    return { card, requests: server.requests };
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
