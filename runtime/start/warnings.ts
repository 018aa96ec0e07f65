/** What a person should know before a run costs money: small windows, endpoints that the repository chose, files that are not committed. */
import { visible } from '../../domain/access.ts';
import type { Config } from '../../domain/config.ts';
import type { Repository } from '../../domain/workspace.ts';
import type { Runtime } from '../runtime.ts';

/** Tools and contract of the lead are some 6,400 bytes, and a first request is counted by its bytes (docs/context.md, "Limits"). */
const SMALL_WINDOW_TOKENS = 10_000;

/** At most one line. */
export const windowWarning = (
  role: string,
  { model, contextTokens }: { readonly model: string; readonly contextTokens: number },
): string[] =>
  contextTokens >= SMALL_WINDOW_TOKENS
    ? []
    : [
        `models.${role}: a window of ${contextTokens} tokens (${model}) hardly holds its tools and contract, and the run may stop with CONTEXT_EXCEEDED; if the model has a larger one, set contextTokens`,
      ];

/** Where a repository's configuration sends its code, and which key goes with it, unless the operator has a list. */
export function endpointWarnings(runtime: Runtime, config: Config): string[] {
  if (runtime.operator?.endpoints !== undefined) return [];
  const all = Object.entries(config.models).flatMap(([role, model]) =>
    model === undefined
      ? []
      : [{ place: role, model }, ...(model.fallback ?? []).map((one, index) => ({ place: `${role}.fallback.${index}`, model: one }))],
  );
  const told = all.flatMap(({ place, model }) => {
    if (model.baseUrl === undefined || /^\s*https?:\/\/(127\.|localhost[:/]|\[::1\])/i.test(model.baseUrl)) return [];
    return [`models.${place}: requests${model.apiKey === undefined ? '' : ` and the key ${model.apiKey}`} go to ${model.baseUrl.trim()}`];
  });
  return told.length === 0 ? [] : [...told, 'operator.yaml can fix the allowed ones: endpoints: [<url>, ...]'];
}

/** What of the checkout is not part of the base. */
export async function dirtyWarning(repository: Repository, branch: string): Promise<string[]> {
  const dirty = await repository.dirtyPaths();
  if (dirty.length === 0) return [];
  const current = await repository.currentBranch();
  return [
    `${repository.path}: ${dirty.length} uncommitted path(s), such as ${visible(dirty[0] ?? '')}; they are not part of the base${current === branch ? ', and the release will stop with TARGET_DIRTY until they are committed or stashed' : ''}`,
  ];
}
