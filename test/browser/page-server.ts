/** Bundles a page for each client and serves them on a loopback port of their own: another origin than the server's. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';

/** Each has its page: `page/<name>.tsx`. */
export const CLIENTS = ['sdk', 'react', 'assistant-ui', 'ag-ui'] as const;
export type ClientName = (typeof CLIENTS)[number];

export interface PageServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export async function openPageServer(): Promise<PageServer> {
  const { outputFiles } = await build({
    entryPoints: CLIENTS.map((name) => new URL(`page/${name}.tsx`, import.meta.url).pathname),
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  const scripts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const script = scripts.get(pathname);
    response.writeHead(200, { 'content-type': `text/${script === undefined ? 'html' : 'javascript'}; charset=utf-8` });
    response.end(script ?? htmlOf(pathname === '/' ? '/sdk' : pathname));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const htmlOf = (page: string): string =>
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Governed</title><link rel="icon" href="data:,">' +
  `<div id="root"></div><script type="module" src="${page}.js"></script></html>`;
