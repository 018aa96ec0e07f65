/** The keys by which services call the server. */
export interface KeyRow {
  readonly id: string;
  /** Hex SHA-256 of the secret. */
  readonly hash: string;
  readonly name: string;
  readonly tenant: string;
  /** The principal that the key acts for. */
  readonly owner: string;
  readonly roles: readonly string[];
  /** Graphs it may use; null: all. */
  readonly graphs: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export interface Keys {
  create(row: Omit<KeyRow, 'createdAt' | 'revokedAt'>): Promise<KeyRow>;
  get(id: string): Promise<KeyRow | undefined>;
  list(): Promise<readonly KeyRow[]>;
  /** @throws ServedError `missing`. */
  revoke(id: string): Promise<KeyRow>;
}
