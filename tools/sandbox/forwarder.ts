/** Inside a command's own network: a port on its loopback that leads to the egress proxy's socket, while the command runs. */

/** Where the socket is mounted. */
export const EGRESS_SOCKET = '/run/governor-egress';
const PORT = 3128;

/** Runs in the sandbox, by Node alone; ends as the command ends. */
const SCRIPT = `
const net = require('node:net');
const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const [command, ...rest] = process.argv.slice(1);
const server = net.createServer({ allowHalfOpen: true }, (client) => {
  const proxy = net.connect({ path: '${EGRESS_SOCKET}', allowHalfOpen: true });
  client.on('error', () => proxy.destroy());
  proxy.on('error', () => client.destroy());
  client.pipe(proxy).pipe(client);
});
server.listen(${PORT}, '127.0.0.1', () => {
  const child = spawn(command, rest, { stdio: 'inherit' });
  child.on('error', (error) => {
    console.error(command + ': ' + error.message);
    process.exit(error.code === 'ENOENT' ? 127 : 126);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
});
`;

/** The command with the forwarder before it. @param node the path of Node in the sandbox. */
export const throughForwarder = (node: string, argv: readonly string[]): string[] => [node, '-e', SCRIPT, '--', ...argv];

/** What package managers and HTTP clients read. */
export function proxyVariables(port = PORT): Record<string, string> {
  const proxy = `http://127.0.0.1:${port}`;
  const direct = 'localhost,127.0.0.1,::1';
  const names = [
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'ALL_PROXY',
    'http_proxy',
    'https_proxy',
    'all_proxy',
    'npm_config_proxy',
    'npm_config_https_proxy',
    'YARN_HTTP_PROXY',
    'YARN_HTTPS_PROXY',
    'CARGO_HTTP_PROXY',
    'PIP_PROXY',
  ];
  return {
    ...Object.fromEntries(names.map((name) => [name, proxy])),
    ...Object.fromEntries(['NO_PROXY', 'no_proxy', 'npm_config_noproxy'].map((name) => [name, direct])),
    NODE_USE_ENV_PROXY: '1',
  };
}
