/** `governor demo`: plays the shipped scenarios and fails if any ends differently from what it declares. */
import type { CommonFlags, Io } from '../io.ts';
import { play } from '../play.ts';
import { dollars, recordLine } from '../print.ts';
import { loadScenarios } from '../scenario.ts';

export interface DemoFlags extends CommonFlags {
  readonly keep?: boolean;
}

export async function demoCommand(io: Io, name: string | undefined, flags: DemoFlags): Promise<number> {
  const scenarios = loadScenarios(name);
  if (flags.quiet !== true)
    io.stderr(
      `Playing ${scenarios.length} scenario(s). CANNED MODEL REPLIES: no model is asked. Everything else is real: git, work trees, sandbox, tests, database, gates.\n`,
    );
  let failed = 0;
  for (const scenario of scenarios) {
    const played = await play(scenario, {
      keep: flags.keep === true,
      path: io.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      ...(name === undefined || flags.quiet === true
        ? {}
        : {
            onRecord: (record) => (flags.json === true ? io.stdout(`${JSON.stringify(record)}\n`) : io.stderr(`${recordLine(record)}\n`)),
          }),
    });
    const { result, differences } = played;
    if (differences.length > 0) failed += 1;
    const end = `${result.status}${result.reason === null ? '' : ` ${result.reason.code}`}`;
    if (flags.json === true)
      io.stdout(
        `${JSON.stringify({ scenario: played.name, ok: differences.length === 0, differences, sandbox: played.sandbox, result })}\n`,
      );
    else {
      const unsafe = played.sandbox === 'unsafe' ? '  UNSAFE (no sandbox here)' : '';
      io.stdout(
        `${differences.length === 0 ? 'ok  ' : 'FAIL'} ${played.name.padEnd(24)} ${end.padEnd(34)} ${dollars(result.spend.cost_micro_usd)}  ${(played.elapsedMs / 1000).toFixed(1)} s${unsafe}\n`,
      );
      for (const difference of differences) io.stdout(`     ${difference}\n`);
      if (flags.keep === true) io.stdout(`     kept: ${played.folder}\n`);
    }
  }
  if (flags.json !== true)
    io.stdout(failed === 0 ? `All ${scenarios.length} ended as declared.\n` : `${failed} of ${scenarios.length} ended differently.\n`);
  return failed === 0 ? 0 : 1;
}
