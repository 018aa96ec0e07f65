/** Why a run is stopped from outside: by a cancel, its time limit, or the end of this process. */
import type { CancelAction } from '../../domain/served.ts';

export class Stopped extends Error {
  readonly action: CancelAction | 'timeout' | 'drain';
  constructor(action: CancelAction | 'timeout' | 'drain') {
    super(`stopped: ${action}`);
    this.name = 'Stopped';
    this.action = action;
  }
}
