/** What commands run in, in words that people are shown: the level and its layers. */
import type { Sandbox } from './workspace.ts';

/** @example `bwrap: mounts, processes, network, user-namespace` */
export const sandboxWords = ({ level, layers }: Pick<Sandbox, 'level' | 'layers'>): string =>
  `${level === 'unsafe' ? 'NO SANDBOX' : level}: ${layers.join(', ')}`;
