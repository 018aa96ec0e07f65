/** What commands see of a Node that a version manager installed in a home: the binary and npm, nothing beside them. */
import { cpSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeInstall } from '../../../tools/sandbox/node-install.ts';
import { createSandbox } from '../../../tools/sandbox.ts';

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'governor-node-')));
  mkdirSync(join(home, 'tree'));
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh/id'), 'key of a person');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const copy = (to: string): string => {
  const binary = join(home, to);
  mkdirSync(join(binary, '..'), { recursive: true });
  try {
    linkSync(process.execPath, binary);
  } catch {
    cpSync(process.execPath, binary);
  }
  return binary;
};

/** As an official archive has it: links in `bin`, packages in `lib`. */
const putPackage = (prefix: string, name: string, program: string): void => {
  const folder = join(home, prefix, 'lib/node_modules', name);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const says = `#!/usr/bin/env node\nconsole.log(${JSON.stringify(`${program} runs`)}, process.execPath);\n`;
  writeFileSync(join(folder, 'bin/cli.js'), says, { mode: 0o755 });
  symlinkSync(`../lib/node_modules/${name}/bin/cli.js`, join(home, prefix, 'bin', program));
};

const says = async (nodeBinary: string, script: string): Promise<string> => {
  const sandbox = createSandbox({ level: 'bwrap', stateFolder: home, nodeBinary });
  const argv = ['sh', '-c', script];
  const result = await sandbox.run({ argv, workspace: join(home, 'tree'), links: [], scratch: [], network: false, timeoutMs: 10_000 });
  return result.stdout.trim();
};

test.each(['.nvm/versions/node/v20', '.asdf/installs/nodejs/20', '.volta/tools/image/node/20', '.local/share/fnm/v20/installation', '.'])(
  'installed in %s: node, npm and npx run, and nothing else of the home is there',
  async (prefix) => {
    const binary = copy(`${prefix}/bin/node`);
    putPackage(prefix, 'npm', 'npm');
    symlinkSync('../lib/node_modules/npm/bin/cli.js', join(home, prefix, 'bin/npx'));
    putPackage(prefix, 'other', 'other');
    expect(await says(binary, 'node -p process.execPath')).toBe(binary);
    expect(await says(binary, 'npm; npx')).toBe(`npm runs ${binary}\nnpm runs ${binary}`);
    const installed = join(home, prefix);
    expect(
      await says(binary, `cat ${home}/.ssh/id; ls ${home}/.ssh; command -v other; ls ${installed}/bin ${installed}/lib/node_modules`),
    ).toBe(`${installed}/bin:\nnode\nnpm\nnpx\n\n${installed}/lib/node_modules:\nnpm`);
  },
);

test('a bare binary brings itself alone, also where a folder `lib` lies beside', async () => {
  const binary = copy('tools/node');
  mkdirSync(join(home, 'lib/node_modules/npm'), { recursive: true });
  expect(await says(binary, 'node -p 1+1')).toBe('2');
  expect(await says(binary, `ls ${home} ${home}/tools`)).toBe(`${home}:\ntools\n\n${home}/tools:\nnode`);
});

test('a Node of the system needs no mount of its own', () => {
  expect(nodeInstall('/usr/local/bin/node')).toMatchObject({ folders: [], bin: undefined });
});
