/** A file that a person named in a flag. */
import { readFileSync } from 'node:fs';
import { toError, UsageError } from '../domain/errors.ts';

/** Its bytes. @throws UsageError naming the flag, the file and what is wrong with it. */
export function givenFile(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${flag} ${file}: cannot be read (${toError(error).message})`);
  }
}
