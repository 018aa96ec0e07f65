/** RED LINES BY DEFAULT: what decides over code without being code, and so is a person's matter in every repository. */
import { z } from 'zod';

interface DefaultRedLine {
  readonly paths: readonly string[];
  readonly reason: string;
}

/** No configuration takes this one away. Its id is the one that it had before there were others. */
export const OWN_RULE = {
  id: 'governor',
  paths: ['governor.yaml', '.governor/**'],
  reason: 'it changes the rules that agents run under',
} as const;

/** By the name that `protectDefaults` has for it; as a red line it is `default:<name>`. */
export const DEFAULT_RED_LINES = {
  ci: {
    paths: [
      '.github/workflows/**',
      '.github/actions/**',
      '**/.gitlab-ci.yml',
      '**/*.gitlab-ci.yml',
      '**/*.gitlab-ci.yaml',
      '.gitlab/ci/**',
      '.gitlab-ci/**',
      '.gitea/workflows/**',
      '.gitea/actions/**',
      '.forgejo/workflows/**',
      '.forgejo/actions/**',
      '.circleci/**',
      '**/Jenkinsfile',
      '**/Jenkinsfile.*',
      '**/*.jenkinsfile',
      '**/azure-pipelines*.yml',
      '**/azure-pipelines*.yaml',
      '.azure-pipelines/**',
      '.azuredevops/**',
      '.vsts-ci.yml',
      '.buildkite/**',
      'buildkite.yml',
      'buildkite.yaml',
      '.drone.yml',
      '.drone.yaml',
      '.drone.jsonnet',
      '.drone.star',
      'bitbucket-pipelines.yml',
      'bitbucket-pipelines.yaml',
      '.vela.yml',
      '.vela.yaml',
      '.crow/**',
      '.travis.yml',
      '.travis.yaml',
      '.woodpecker.yml',
      '.woodpecker.yaml',
      '.woodpecker/**',
      'appveyor.yml',
      '.appveyor.yml',
      '.cirrus.yml',
      '.cirrus.star',
      '**/cloudbuild*.yaml',
      '**/cloudbuild*.yml',
      '**/cloudbuild*.json',
      '**/buildspec*.yml',
      '**/buildspec*.yaml',
      '.semaphore/**',
      '.teamcity/**',
      'bamboo-specs/**',
      'codefresh.yml',
      '.codefresh/**',
      '.tekton/**',
      '.harness/**',
      'screwdriver.yaml',
      'bitrise.yml',
      'codemagic.yaml',
      'wercker.yml',
      '.build.yml',
      '.builds/**',
      '.zuul.yaml',
      'zuul.yaml',
      '.zuul.d/**',
      'zuul.d/**',
      '.onedev-buildspec.yml',
    ],
    reason: 'a pipeline runs with more rights than any agent has',
  },
  codeowners: {
    paths: [
      'CODEOWNERS',
      'docs/CODEOWNERS',
      '.github/CODEOWNERS',
      '.gitlab/CODEOWNERS',
      '.gitea/CODEOWNERS',
      '.forgejo/CODEOWNERS',
      '.bitbucket/CODEOWNERS',
    ],
    reason: 'it says who must review what',
  },
  git: {
    paths: ['**/.gitattributes', '.gitmodules'],
    reason: 'it changes what git writes, runs and fetches where the repository is checked out',
  },
  hooks: {
    paths: [
      '**/.husky/**',
      '.huskyrc*',
      '.githooks/**',
      '.git-hooks/**',
      'githooks/**',
      'lefthook.*',
      '.lefthook.*',
      'lefthook-local.*',
      '.lefthook-local.*',
      '.lefthook/**',
      '.lefthook-local/**',
      '.config/lefthook.*',
      '.config/lefthook-local.*',
      '.pre-commit-config.yaml',
      '.pre-commit-config.yml',
      '.pre-commit-hooks.yaml',
      '.overcommit.yml',
      '.simple-git-hooks.*',
      'simple-git-hooks.*',
      'captainhook.json',
      'grumphp.yml',
    ],
    reason: 'a hook runs on the machine of everybody who works with the repository',
  },
  agents: {
    paths: [
      '**/AGENTS.md',
      '**/AGENTS.override.md',
      '**/CLAUDE.md',
      '**/GEMINI.md',
      '**/.claude/**',
      '.github/copilot-instructions.md',
      '.github/instructions/**',
      '.cursorrules',
      '.cursor/**',
      '.windsurfrules',
      '.clinerules/**',
    ],
    reason: 'agents are told by it how to work here',
  },
  registries: {
    paths: [
      '**/.npmrc',
      '**/.pnpmfile.cjs',
      '**/.yarnrc',
      '**/.yarnrc.yml',
      '**/bunfig.toml',
      '**/pip.conf',
      '**/uv.toml',
      '**/.cargo/config',
      '**/.cargo/config.toml',
      '**/.bundle/config',
    ],
    reason: 'it decides where packages come from',
  },
} as const satisfies Readonly<Record<string, DefaultRedLine>>;

const DOCUMENTATION = /^(?:docs?|documentation)$/i;

/**
 * A page about agents, such as `docs/agents.md`: in a folder of documentation only the spelling that agents look for counts. Elsewhere any
 * does, for a file system that ignores case gives it to them.
 */
export function isPage(path: string, pattern: string): boolean {
  const wanted = /^\*\*\/([A-Z]+(?:\.override)?\.md)$/.exec(pattern)?.[1];
  const folders = path.split('/');
  const name = folders.pop();
  return wanted !== undefined && name !== wanted && folders.some((folder) => DOCUMENTATION.test(folder));
}

export type DefaultRedLineName = keyof typeof DEFAULT_RED_LINES;

/** A red line by default is there until it is named with `false`, so that one that comes later is there too. */
export const protectDefaultsSchema = z
  .strictObject({
    ci: z.boolean().default(true),
    codeowners: z.boolean().default(true),
    git: z.boolean().default(true),
    hooks: z.boolean().default(true),
    agents: z.boolean().default(true),
    registries: z.boolean().default(true),
  } satisfies Record<DefaultRedLineName, z.ZodType>)
  .prefault({});
