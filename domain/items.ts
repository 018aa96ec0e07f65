/** The items of LangGraph's store, kept for all threads of a tenant. */
import type { Json, Scope } from './served.ts';

export interface ItemRow {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: Json;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A null value deletes. Without `ttlMinutes` the item is kept for ever. */
export interface ItemWrite {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: Json | null;
  readonly ttlMinutes?: number | null | undefined;
}

/**
 * LangGraph's long-term memory. A scope's filters look at the members of an item's value and at its `namespace` and `key`.
 * Reading an item begins its time to live again, unless `refreshTtl` is false.
 * Every method: @throws ServedError `invalid` for a label that is empty or has a '.'.
 */
export interface Items {
  put(scope: Scope, item: ItemWrite & { readonly value: Json }): Promise<void>;
  /** No item there is no error. */
  delete(scope: Scope, namespace: readonly string[], key: string): Promise<void>;
  /** All or nothing, durable when it returns. @throws ServedError `missing` for an item that the filters hide. */
  write(scope: Scope, writes: readonly ItemWrite[]): Promise<void>;
  get(scope: Scope, namespace: readonly string[], key: string, refreshTtl?: boolean): Promise<ItemRow | undefined>;
  /** Filters are those of LangGraph's BaseStore: equal values, or `$eq $ne $gt $gte $lt $lte $in $nin`. Newest update first. */
  search(
    scope: Scope,
    options: {
      namespacePrefix: readonly string[];
      filter?: Json | undefined;
      /** Words that must all be in the value's text, in any case: there are no embeddings. */
      query?: string | undefined;
      limit: number;
      offset: number;
      refreshTtl?: boolean | undefined;
    },
  ): Promise<readonly ItemRow[]>;
  /** In the order of their labels; `*` in a prefix or suffix is any one label. */
  namespaces(
    scope: Scope,
    options: {
      prefix?: readonly string[] | undefined;
      suffix?: readonly string[] | undefined;
      maxDepth?: number | undefined;
      limit: number;
      offset: number;
    },
  ): Promise<readonly (readonly string[])[]>;
  /** Deletes what has outlived its time to live; at most `limit`. */
  expire(limit: number): Promise<number>;
}
