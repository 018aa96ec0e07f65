/** This package as it is installed: its version and its files. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const packageSchema = z.object({ version: z.string() });

/** The version in `package.json`. */
export function packageVersion(): string {
  return packageSchema.parse(JSON.parse(readFileSync(packageFile('package.json'), 'utf8'))).version;
}

/** A file of this package, whether it runs from source or from `dist`. */
export function packageFile(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, name);
}
