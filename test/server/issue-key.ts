/** A key as an admin makes it, kept where the server looks. */
import type { KeyRow, Keys } from '../../domain/keys.ts';
import { newKey } from '../../server/auth/keys.ts';

/** Of an operator in the default tenant, for all graphs and times, but for what is said. */
export async function issueKey(keys: Keys, more: Partial<KeyRow> = {}): Promise<{ key: string; id: string }> {
  const { id, hash, key } = newKey();
  const row = { name: 'ci', tenant: 'default', owner: 'service:ci', roles: ['operator'], graphs: null, expiresAt: null };
  await keys.create({ id, hash, ...row, ...more });
  return { key, id };
}
