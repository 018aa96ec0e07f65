/** The `server` section of `operator.yaml`: who may call the server, from where, and whom it may call. */
import { z } from 'zod';

const secretReference = z
  .string()
  .regex(/^secret:\/\/(env|file)\/.+$/, 'is a reference such as secret://env/NAME or secret://file/<path>, never the secret itself');

const SHARED = ['HS256', 'HS384', 'HS512'] as const;
const SIGNED = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;
const isShared = (algorithm: string): boolean => (SHARED as readonly string[]).includes(algorithm);

/** An encrypted line, or one that does not leave the machine: keys fetched over it decide who is who. */
const keysUrl = z.url().refine((word) => {
  if (!URL.canParse(word)) return false;
  const url = new URL(word);
  return url.protocol === 'https:' || (url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname));
}, 'must be https, or http on a loopback address');

const jwtSchema = z
  .strictObject({
    /** `iss` of every token; a caller's principal is `<issuer>#<sub>`. */
    issuer: z.string().min(1).max(300),
    /** `aud` that a token must name: this server. */
    audience: z.string().min(1).max(300),
    /** What a token may be signed with; nothing else is tried. */
    algorithms: z.array(z.enum([...SHARED, ...SIGNED])).min(1),
    /** Where the issuer publishes its keys. */
    jwksUrl: keysUrl.optional(),
    /** An absolute path: the issuer's public key or certificate as PEM. */
    publicKeyFile: z.string().startsWith('/', 'is an absolute path').optional(),
    /** The shared secret of the HS algorithms, at least 32 bytes: `secret://env/NAME`. */
    secret: secretReference.optional(),
    /** The claim with the roles: a list or words, by name or by path (`realm_access.roles`). Other words in it mean nothing. */
    rolesClaim: z.string().min(1).max(200).optional(),
    /** The claim with the tenant; absent: everybody is in `default`. */
    tenantClaim: z.string().min(1).max(200).optional(),
    /** How `governor login` gets a token of this issuer (OAuth device grant, RFC 8628): its public client, and what it asks for. */
    login: z
      .strictObject({
        clientId: z.string().min(1).max(300),
        scope: z.string().min(1).max(500).default('openid offline_access'),
        /** Sent as `audience`, for issuers that need it. */
        audience: z.string().min(1).max(300).optional(),
      })
      .optional(),
  })
  .superRefine((jwt, context) => {
    const given = [jwt.jwksUrl, jwt.publicKeyFile, jwt.secret].filter((source) => source !== undefined).length;
    if (given !== 1) context.addIssue({ code: 'custom', message: `give one of jwksUrl, publicKeyFile and secret; ${given} are given` });
    // A public key must never be taken for the secret of an HS algorithm.
    const wrong = jwt.algorithms.find((algorithm) => isShared(algorithm) !== (jwt.secret !== undefined));
    if (given === 1 && wrong !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['algorithms'],
        message: `${wrong} goes ${isShared(wrong) ? 'with secret only' : 'with jwksUrl or publicKeyFile only'}`,
      });
  });
export type JwtConfig = z.infer<typeof jwtSchema>;

const originSchema = z
  .url()
  .refine(
    (word) => URL.canParse(word) && new URL(word).origin === word,
    'is scheme, host and port alone, such as https://chat.example.com',
  );

/** A name stands for public addresses only; a private address is listed itself. */
const webhookTarget = z
  .string()
  .max(300)
  .regex(
    /^(https?:\/\/[^\s@?#]+|(\*\.)?[A-Za-z0-9_.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?|[0-9A-Fa-f:.]+(\/\d{1,3})?)$/,
    'is host, *.host, host:port, a URL with everything under it, or an address range such as 10.0.0.0/8',
  );

/** How many crons there may be, and how often one may tick. */
export const cronLimitsSchema = z.strictObject({
  /** Crons of one caller, and of all. */
  perCaller: z.int().min(0).max(100_000).default(100),
  all: z.int().min(0).max(100_000).default(10_000),
  /** Two ticks of a cron are at least so far apart. */
  minIntervalSeconds: z.int().min(1).max(86_400).default(60),
});
export type CronLimits = z.infer<typeof cronLimitsSchema>;

export const serverSchema = z.strictObject({
  /** Origins of web pages that may call, beside loopback ones and LangGraph Studio: `https://chat.example.com`. */
  origins: z.array(originSchema).max(100).default([]),
  /** Names that clients reach this server by, beside loopback ones: `governor.example.com`. */
  hosts: z
    .array(
      z
        .string()
        .regex(/^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/, 'is a host name or address in lower case, without scheme and port'),
    )
    .max(100)
    .default([]),
  webhooks: z
    .strictObject({
      /** Where a run's webhook may go; none: to the project's own routes, and on a loopback bind to this machine. */
      allow: z.array(webhookTarget).max(100).default([]),
      /** What webhooks are signed with: `secret://env/NAME`. */
      secret: secretReference.optional(),
    })
    .prefault({}),
  crons: cronLimitsSchema.prefault({}),
  auth: z
    .strictObject({
      jwt: jwtSchema.optional(),
      /** Lets LangGraph Studio in by its `x-auth-scheme: langsmith` header alone: anybody can send it, so on a loopback bind only. */
      studio: z.boolean().default(false),
    })
    .prefault({}),
});
