/** What one command may use: the `sandbox.limits` section of `operator.yaml`. */
import { z } from 'zod';

export const sandboxLimitsSchema = z.strictObject({
  /** Of one process, and where control groups are delegated of all together. */
  memoryMiB: z.int().min(256).max(1_048_576).default(4096),
  /** Of all that run as the command's user. */
  processes: z.int().min(16).max(32_768).default(512),
  /** The largest file that may be written. */
  fileMiB: z.int().min(1).max(1_048_576).default(1024),
  openFiles: z.int().min(64).max(1_048_576).default(4096),
  /** How far all commands in one work tree together may make it grow. */
  treeMiB: z.int().min(1).max(1_048_576).default(2048),
  treeFiles: z.int().min(100).max(100_000_000).default(500_000),
});
export type SandboxLimits = z.infer<typeof sandboxLimitsSchema>;
