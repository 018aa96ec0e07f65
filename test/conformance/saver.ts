/** The official validation suite of LangGraph's savers, run through the guard. */
import { validate } from '@langchain/langgraph-checkpoint-validation';
import type { GuardedSaver } from '../../checkpoints/saver/guarded-saver.ts';

interface OpenedSaver {
  readonly saver: GuardedSaver;
  /** Nothing is left of its place. */
  dispose(): Promise<void>;
}

/** `alike` is a saver of LangGraph that the suite takes it for: it skips what that one cannot do either. */
export function saverSuite(alike: string, open: () => Promise<OpenedSaver>): void {
  const opened = new Map<GuardedSaver, OpenedSaver>();
  validate<GuardedSaver>({
    checkpointerName: alike,
    createCheckpointer: async () => {
      const one = await open();
      opened.set(one.saver, one);
      return one.saver;
    },
    destroyCheckpointer: async (saver) => {
      await opened.get(saver)?.dispose();
      opened.delete(saver);
    },
  });
}
