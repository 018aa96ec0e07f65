/** Types of `schema.mjs` for its tests. */
import type { z } from 'zod';

export function schemaText(configSchema: z.ZodType): string;
