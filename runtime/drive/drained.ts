/** How a drain ends a turn: as LangGraph's own, so that what runs beside it ends first and keeps what it writes. */
import { GraphDrained } from '@langchain/langgraph';

/** Thrown at a checkpoint when a drain was asked for. */
export class DrainedError extends GraphDrained {
  constructor() {
    super('a drain was asked for');
  }
}
