/** The controls around callers: who they are, what they send, and where the server goes for them. */
import { control } from './control.mjs';

/** @type {readonly import('./control.mjs').Control[]} */
export const SERVER_CONTROLS = [
  control(
    'metadata of callers hold no known value',
    'server/app.ts',
    { on: '  assertNoSecretIn(server, raw);\n', off: '' },
    'test/server/governed/admit-refused.test.ts',
  ),
  control(
    'no member of a body changes what objects are',
    'server/http/body.ts',
    { on: "if (key === '__proto__')", off: "if (key === '')" },
    'test/server/http/body.test.ts',
  ),
  control(
    'a number that cannot be kept is refused',
    'server/http/body.ts',
    { on: "if (typeof value === 'number' && !Number.isFinite(value))", off: 'if (value === undefined)' },
    'test/server/http/body.test.ts',
  ),
  control(
    'a foreign page may not call',
    'server/http/origin.ts',
    { on: 'if (!allowed && (!SAFE.includes(c.req.method)', off: 'if (!allowed && (c.req.method === ""' },
    'test/server/http/origin.test.ts',
  ),
  control(
    'a rebound name may not call',
    'server/http/origin.ts',
    { on: 'if (name === undefined || !isOurHost(name))', off: 'if (name === undefined)' },
    'test/server/http/origin.test.ts',
  ),
  control(
    'a key is known by its secret',
    'server/auth/keys.ts',
    { on: 'row !== undefined && same && isGood(row, clock)', off: 'row !== undefined && isGood(row, clock)' },
    'test/server/auth/authenticator.test.ts',
  ),
  control(
    'a webhook goes to no private address',
    'server/webhooks/webhook-target.ts',
    { on: '10.0.0.0/8 100.64.0.0/10', off: '100.64.0.0/10' },
    'test/server/webhooks/webhooks.test.ts',
  ),
  control(
    'a server without a key answers only its own user',
    'server/auth/local-user.ts',
    { on: 'return uid === ownUid ? undefined', off: 'return true ? undefined' },
    'test/server/auth/local-user.test.ts',
  ),
  control(
    'a socket that was closed is nobody’s, whatever uid it shows',
    'server/auth/socket-table.ts',
    { on: 'row.inode !== 0)', off: 'row.inode !== -1)' },
    'test/server/auth/socket-table.test.ts',
  ),
  control(
    'a connection that was reset is not taken for the next with its port',
    'server/auth/peer.ts',
    { on: 'return isConnected(peer) ? uid : undefined', off: 'return true || isConnected(peer) ? uid : undefined' },
    'test/server/auth/socket-table.test.ts',
  ),
  control(
    'a body has a size',
    'server/http/body.ts',
    { on: '    if (length > limit) throw tooLong();', off: '' },
    'test/server/http/body.test.ts',
  ),
  control(
    'a body has a depth',
    'server/http/body.ts',
    { on: 'if (path.length >= MAX_DEPTH)', off: 'if (path.length >= 1e9)' },
    'test/server/http/body.test.ts',
  ),
  control(
    'a packed body is not unpacked',
    'server/http/body.ts',
    { on: "if (encoding !== 'identity')", off: "if (encoding === '')" },
    'test/server/http/body.test.ts',
  ),
  control(
    'edits of a governed thread need a second admin',
    'server/governed/break-glass.ts',
    { on: 'if (alone) return;', off: 'if (alone || id) return;' },
    'test/server/governed/admit.test.ts',
  ),
  control(
    'a token has an end',
    'server/auth/jwt.ts',
    { on: "requiredClaims: ['exp', 'sub'],", off: "requiredClaims: ['sub']," },
    'test/server/auth/jwt.test.ts',
  ),
  control(
    'a token is of a pinned algorithm',
    'server/auth/jwt.ts',
    { on: 'algorithms: config.algorithms,', off: '' },
    'test/server/auth/jwt.test.ts',
  ),
  control(
    'a listed name stands for no private address',
    'server/webhooks/webhooks.ts',
    { on: 'if (fault !== undefined || first === undefined)', off: 'if (first === undefined)' },
    'test/server/webhooks/webhooks-attack.test.ts',
  ),
  control(
    'a webhook is no path of the server',
    'server/webhooks/webhook-target.ts',
    { on: 'if (!policy.ownApp) throw', off: 'if (policy.ownApp === undefined) throw' },
    'test/server/webhooks/webhooks-attack.test.ts',
  ),
];
