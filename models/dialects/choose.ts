/** Which dialect a configured model is asked in; each is loaded only when it is used. */
import type { ModelConfig } from '../../domain/config.ts';
import type { Dialect } from './dialect.ts';
import { dialectOf, thinks } from './quirks.ts';

/** @param baseUrl where its requests go; a compatible endpoint is known by its host. */
export async function dialectFor(config: ModelConfig, baseUrl: string): Promise<Dialect> {
  switch (config.provider) {
    case 'openai':
      return openaiDialect(config, baseUrl);
    case 'anthropic':
      return (await import('./anthropic.ts')).anthropicDialect;
    case 'google':
      return (await import('./google.ts')).googleDialect;
    case 'script':
      throw new Error('a script is no endpoint');
    default:
      return config.provider satisfies never;
  }
}

async function openaiDialect(config: ModelConfig, baseUrl: string): Promise<Dialect> {
  const name = dialectOf(config, baseUrl);
  const api = config.api ?? 'auto';
  // An Azure address that names a deployment has chat completions alone.
  const hasResponses = name === 'openai' || (name === 'azure' && !baseUrl.includes('/deployments/'));
  if (api === 'responses' || (api === 'auto' && hasResponses && thinks(config)))
    return (await import('./responses.ts')).responsesDialect(name);
  return (await import('./chat.ts')).chatDialect(name);
}
