/** The ledger on disk. */
import { appendFile, readFile } from 'node:fs/promises';

export async function readLedger(path) {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error(`${path}: there is no such ledger`);
    throw error;
  }
}

/** Adds one line; a file without a final line break gets one first. */
export async function appendLine(path, line) {
  const before = await readLedger(path);
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(path, `${gap}${line}\n`);
}
