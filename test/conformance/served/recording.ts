/** A driver that remembers the text of each statement it was given. */
import type { Sql, Transaction } from '../../../checkpoints/sql/transaction.ts';

export function recording(sql: Sql, texts: Set<string>): Sql {
  return {
    read: (make) => sql.read(() => recorded(make(), texts)),
    write: (make) => sql.write(() => recorded(make(), texts)),
  };
}

function* recorded<Result>(transaction: Transaction<Result>, texts: Set<string>): Transaction<Result> {
  let step = transaction.next();
  while (step.done !== true) {
    texts.add(step.value[0]);
    try {
      const answer = yield step.value;
      step = transaction.next(answer);
    } catch (error) {
      step = transaction.throw(error);
    }
  }
  return step.value;
}
