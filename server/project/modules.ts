/** Loads the project's modules: JavaScript as Node does, TypeScript through tsx with the project's own tsconfig. */
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { toError, UsageError } from '../../domain/errors.ts';
import type { ModulePath } from './config.ts';

const TYPESCRIPT = ['.ts', '.mts', '.cts', '.tsx', '.jsx'];

/**
 * Once for the process, before the first module loads. Not in a namespace of its own: that would load LangGraph a second
 * time, which costs a second and gives graphs another copy than ours even where both are the same file.
 */
export async function prepareModules(tsconfig: string | undefined, files: readonly string[]): Promise<void> {
  // A JavaScript entry of a TypeScript project may import TypeScript; our own graphs are here already, and need no loader.
  if (files.length === 0 || (tsconfig === undefined && !files.some((file) => TYPESCRIPT.includes(extname(file))))) return;
  const [{ register }, { register: registerRequire }] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')]);
  register({ tsconfig: tsconfig ?? false });
  // A package without "type": "module" is CommonJS to tsx, whatever its syntax.
  registerRequire();
}

/** What the module exports under this name. @throws UsageError naming `what`, the file, the export and what is there. */
export async function loadExport(what: string, { file, exported }: ModulePath): Promise<unknown> {
  if (!existsSync(file)) throw new UsageError(`${what}: ${file} does not exist`);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>; // what a module namespace is
  } catch (thrown) {
    const error = toError(thrown);
    throw new UsageError(`${what}: ${file} cannot be loaded: ${error.stack ?? error.message}`);
  }
  if (exported in module) return module[exported];
  // A CommonJS module whose exports Node did not see.
  const whole = module['default'];
  if (typeof whole === 'object' && whole !== null && exported in whole) return (whole as Record<string, unknown>)[exported]; // any object
  const names = Object.keys(module);
  throw new UsageError(`${what}: ${file} has no export "${exported}"; it exports ${names.length === 0 ? 'nothing' : names.join(', ')}`);
}
