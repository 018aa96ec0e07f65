/** Reads the parameters of a command. */
import type { z } from 'zod';
import { parse } from '../../http/endpoint.ts';
import type { Command } from './command.ts';

/** @throws Problem 422 naming the first parameter that is wrong, the rule, and the value. */
export const given = <Schema extends z.ZodType>(schema: Schema, { body }: Command): z.output<Schema> =>
  parse(schema, body.params ?? {}, `${body.method} params`) as z.output<Schema>; // parsed by this schema
