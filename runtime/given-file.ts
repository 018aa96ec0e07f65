/** A file that a person named in a flag. */
import { isUtf8 } from 'node:buffer';
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

/** Its text. @throws UsageError also when it is not UTF-8. */
export function givenText(flag: string, file: string): string {
  const bytes = givenFile(flag, file);
  if (!isUtf8(bytes)) throw new UsageError(`${flag} ${file}: is not UTF-8 text`);
  return bytes.toString('utf8');
}
