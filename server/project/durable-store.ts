/** The durable store that graphs are given: LangGraph's BaseStore over one tenant's items. */
import { BaseStore, type Item, type MatchCondition, type Operation, type OperationResults } from '@langchain/langgraph';
import type { ItemRow, Items, ItemWrite } from '../../domain/items.ts';
import { type Scope, ServedError } from '../../domain/served.ts';

/**
 * As `InMemoryStore` without an index, but on disk. Differences: values are JSON and each read is a copy; a search gives the
 * newest update first, and its `query` finds words instead of being passed over; a prefix is whole labels; labels without '.';
 * the root can be read, and holds nothing.
 */
export class SqliteStore extends BaseStore {
  readonly #items: Items;
  readonly #scope: Scope;

  constructor(items: Items, tenant: string) {
    super();
    this.#items = items;
    this.#scope = { tenant };
  }

  /** Reads see what was there before the batch; its writes are one transaction. */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const results: unknown[] = [];
    const writes = new Map<string, ItemWrite>();
    for (const operation of operations) {
      if ('value' in operation) {
        const { namespace, key, value } = operation;
        // The last write of an item is the one that counts.
        writes.set(JSON.stringify([namespace, key]), { namespace, key, value });
        results.push(null);
      } else results.push(await this.#read(operation));
    }
    if (writes.size > 0) await this.#items.write(this.#scope, [...writes.values()]);
    return results as OperationResults<Op>; // one result per operation, in their order
  }

  async #read(operation: Exclude<Operation, { value: unknown }>): Promise<unknown> {
    if ('namespacePrefix' in operation) {
      const { namespacePrefix, filter, query, limit = 10, offset = 0 } = operation;
      return (await this.#items.search(this.#scope, { namespacePrefix, filter, query, limit, offset })).map(itemOf);
    }
    if ('key' in operation) {
      const row = await this.#items.get(this.#scope, operation.namespace, operation.key);
      return row === undefined ? null : itemOf(row);
    }
    const { matchConditions, maxDepth, limit, offset } = operation;
    const prefix = conditionOf(matchConditions, 'prefix');
    const suffix = conditionOf(matchConditions, 'suffix');
    return this.#items.namespaces(this.#scope, { prefix, suffix, maxDepth, limit, offset });
  }
}

function conditionOf(conditions: readonly MatchCondition[] = [], type: MatchCondition['matchType']): readonly string[] | undefined {
  const [first, ...more] = conditions.filter((condition) => condition.matchType === type);
  if (more.length > 0) throw new ServedError('invalid', `matchConditions: at most one ${type}; got ${more.length + 1}`);
  return first?.path;
}

const itemOf = (row: ItemRow): Item => ({
  namespace: [...row.namespace],
  key: row.key,
  value: row.value,
  createdAt: new Date(row.createdAt),
  updatedAt: new Date(row.updatedAt),
});

export const storeFor = (items: Items, tenant: string): BaseStore => new SqliteStore(items, tenant);
