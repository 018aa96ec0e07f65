/** The limits of one command: of each process by the kernel's own, of all together by a control group where one may be made. */
import { availableParallelism } from 'node:os';
import type { SandboxLimits } from '../../domain/sandbox-limits.ts';

const MIB = 1024 * 1024;

/**
 * Arguments of `prlimit`. Memory is what a process writes to of its own (`RLIMIT_DATA`): address space, which Node's WebAssembly
 * reserves by terabytes, is not memory. Processor time is more than can be used in the time of the command.
 */
export function resourceLimits(limits: SandboxLimits, timeoutMs: number): string[] {
  return [
    `--data=${limits.memoryMiB * MIB}`,
    `--cpu=${Math.ceil(timeoutMs / 1000) * availableParallelism() + 1}`,
    `--nproc=${limits.processes}`,
    `--fsize=${limits.fileMiB * MIB}`,
    `--nofile=${limits.openFiles}`,
    '--core=0',
  ];
}
