/** The maintained preset of secretlint over one text, without its profiler. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

type Scan = (path: string, text: string) => ReturnType<typeof lint>;
type Modules = [typeof import('@secretlint/core'), typeof import('@secretlint/secretlint-rule-preset-recommend')];

let loaded: Promise<Modules> | undefined;

/** What the preset finds in a text. Loaded when first asked. */
export const presetMessages: Scan = async (path, text) => {
  loaded ??= load();
  return lint(await loaded, path, text);
};

async function load(): Promise<Modules> {
  await silenceProfiler();
  return Promise.all([import('@secretlint/core'), import('@secretlint/secretlint-rule-preset-recommend')]);
}

/**
 * The profiler keeps the marks of every text for ever and goes through all of them at each one: minutes for 2,000 files. It also dies outside
 * of any promise where a file's name is odd. It is the one that the core itself loads, wherever that is installed.
 */
async function silenceProfiler(): Promise<void> {
  const core = createRequire(import.meta.url).resolve('@secretlint/core');
  const profiler = createRequire(core).resolve('@secretlint/profiler');
  const { secretLintProfiler } = (await import(pathToFileURL(profiler).href)) as { secretLintProfiler: { mark: () => void } }; // its one export
  secretLintProfiler.mark = () => undefined;
}

/** For `.p12` the preset would open a file of this machine by that name, and not look at the text. */
const extensionOf = (path: string): string => (path.endsWith('.p12') ? '' : path.slice(path.lastIndexOf('.')));

async function lint([{ lintSource }, { creator }]: Modules, path: string, text: string) {
  const { messages } = await lintSource({
    source: { filePath: path, content: text, ext: extensionOf(path), contentType: 'text' },
    options: {
      config: { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator }] },
      noPhysicFilePath: true,
      maskSecrets: true,
    },
  });
  return messages;
}
