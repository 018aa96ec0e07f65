/** The rule checks in the order in which they run: what is cheap and decides trust first, commands last. */
import { baseTests } from './base-tests.ts';
import type { ReviewCheck } from './check.ts';
import { checkInputs } from './check-inputs.ts';
import { commands } from './commands.ts';
import { deny } from './deny.ts';
import { redLines } from './red-lines.ts';
import { scope } from './scope.ts';
import { secrets } from './secrets.ts';
import { weakenedTests } from './weakened-tests.ts';

export const RULE_CHECKS: readonly ReviewCheck[] = [scope, deny, redLines, secrets, weakenedTests, checkInputs, commands, baseTests];
