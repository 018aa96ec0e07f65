/** The command that says what the rules say of paths. */
import type { Declare } from './declare.ts';

export function declarePolicy({ program, command, exit, io }: Declare): void {
  const policy = program.command('policy').description('say what the rules of a repository say of paths');
  command('test <path...>', 'say for each path which rule denies or protects it, and where that rule stands', policy)
    .option('--repo <dir>', 'a folder in the repository', '.')
    .option('--base <ref>', 'the commit whose rules count (default: the tip of release.branch)')
    .action(async (paths: string[], flags) => exit(await (await import('../commands/policy.ts')).testPolicyCommand(io, paths, flags)));
}
