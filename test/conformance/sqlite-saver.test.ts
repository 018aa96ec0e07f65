/** The suite of savers on the guarded SqliteSaver. */
import { openDatabase } from '../../checkpoints/database.ts';
import { guardedSqliteSaver } from '../../checkpoints/saver/sqlite-saver.ts';
import { makeHome } from '../checkpoints/home.ts';
import { saverSuite } from './saver.ts';

// The suite skips its one test of versioned channels for savers with this name, which store whole states.
saverSuite('@langchain/langgraph-checkpoint-sqlite', async () => {
  const home = makeHome();
  const database = openDatabase(home.file);
  return {
    saver: guardedSqliteSaver(database),
    dispose: async () => {
      database.close();
      home.dispose();
    },
  };
});
