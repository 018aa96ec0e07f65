/** A command of protocol v2 as a request brings it. */
import { z } from 'zod';
import type { Server } from '../../context.ts';
import type { Call } from '../../http/endpoint.ts';

export const commandSchema = z
  .strictObject({
    id: z.number().int().min(0),
    method: z.string().max(200),
    params: z.record(z.string(), z.unknown()).nullish(),
  })
  .meta({ id: 'ProtocolCommand' });

export type CommandBody = z.output<typeof commandSchema>;

export interface Command {
  readonly server: Server;
  readonly call: Call;
  readonly threadId: string;
  readonly body: CommandBody;
}
