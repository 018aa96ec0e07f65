/** The page behind `/docs`: one HTML file that reads `openapi.json` from beside itself and asks nobody else. */
import { createHash } from 'node:crypto';

// Only this very script and style may run, and only this server may be asked.
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export function docsPage(): { readonly html: string; readonly policy: string } {
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(SCRIPT)}`,
    `style-src ${hashOf(STYLE)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html: HTML, policy };
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a4250); --soft: light-dark(#f4f6f9, #1b2029); --dim: light-dark(#566070, #a3adbd);
  --back: light-dark(#fff, #12161d); --text: light-dark(#171c26, #e8ecf3); --accent: light-dark(#1f4fd8, #8fb2ff); --bad: light-dark(#a61b1b, #ff9b9b); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main, header { max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem; }
h1 { margin: 0; font-size: 1.4rem; } h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; } h3 { margin: 1rem 0 .35rem; font-size: .9rem; }
p { margin: .35rem 0; } .dim { color: var(--dim); } .bad { color: var(--bad); }
a { color: var(--accent); }
.bar { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: .75rem; } .bar label { flex: 1 1 14rem; }
label { display: block; font-size: .85rem; color: var(--dim); }
input, textarea, select, button { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .35rem .55rem; }
input, textarea { width: 100%; color: var(--text); } textarea, pre, code, .path { font-family: ui-monospace, monospace; font-size: .85rem; }
textarea { min-height: 9rem; resize: vertical; }
button { cursor: pointer; background: var(--accent); color: var(--back); border-color: transparent; font-weight: 600; }
button.quiet { background: none; color: var(--accent); border-color: var(--line); } button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
details.operation { border: 1px solid var(--line); border-radius: 8px; margin: .4rem 0; }
details.operation > summary { display: flex; flex-wrap: wrap; gap: .3rem .75rem; align-items: baseline; padding: .5rem .75rem; cursor: pointer; }
details.operation[open] > summary { border-bottom: 1px solid var(--line); background: var(--soft); border-radius: 8px 8px 0 0; }
.method { font: 700 .75rem ui-monospace, monospace; min-width: 4.2em; } .path { overflow-wrap: anywhere; }
.inside { padding: .25rem .75rem .9rem; }
pre { margin: .25rem 0; padding: .6rem .75rem; background: var(--soft); border: 1px solid var(--line); border-radius: 6px; max-height: 30rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .6rem; align-items: end; margin: .4rem 0; }
.row { display: flex; gap: .6rem; align-items: center; margin: .6rem 0; }
`;

// Plain DOM calls: nothing that the document or an answer says is ever read as HTML.
const SCRIPT = String.raw`
'use strict';
const credentials = { 'x-api-key': '', authorization: '' };
const find = (id) => document.getElementById(id);
const make = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};
let api;
const resolved = (schema) => {
  const name = typeof schema?.$ref === 'string' ? schema.$ref.split('/').pop() : undefined;
  return name === undefined ? [schema ?? {}, undefined] : [api.components.schemas[name] ?? {}, name];
};

// A schema as a person writes it: names, types, what may be left out.
const shape = (given, indent, seen) => {
  const [schema, name] = resolved(given);
  if (name !== undefined && (seen.includes(name) || seen.length > 6)) return name;
  const within = name === undefined ? seen : [...seen, name];
  const deeper = indent + '  ';
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(' | ');
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return [...new Set(union.map((part) => shape(part, indent, within)))].join(' | ');
  if (schema.allOf) return schema.allOf.map((part) => shape(part, indent, within)).join(' & ');
  if (schema.type === 'array') {
    if (schema.prefixItems) return '[' + schema.prefixItems.map((part) => shape(part, indent, within)).join(', ') + ']';
    const item = shape(schema.items, indent, within);
    return (item.includes(' | ') ? '(' + item + ')' : item) + '[]';
  }
  const members = Object.entries(schema.properties ?? {});
  if (members.length > 0) {
    const lines = members.map(([key, part]) => {
      const optional = (schema.required ?? []).includes(key) ? '' : '?';
      const [target] = resolved(part);
      const notes = [part.description ?? target.description, 'default' in part ? 'default ' + JSON.stringify(part.default) : undefined, limits(part)];
      const said = notes.filter(Boolean).join('; ');
      return deeper + key + optional + ': ' + shape(part, deeper, within) + (said ? '  // ' + said : '');
    });
    return '{\n' + lines.join('\n') + '\n' + indent + '}';
  }
  if (schema.type === 'object') {
    const rest = schema.additionalProperties;
    const value = rest && typeof rest === 'object' && Object.keys(rest).length > 0 ? shape(rest, indent, within) : 'any';
    return rest === false ? '{}' : '{ [name]: ' + value + ' }';
  }
  return Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
};
const limits = (schema) => {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? schema.maximum : undefined;
  const parts = [low !== undefined && low > -Number.MAX_SAFE_INTEGER ? 'from ' + low : '', high !== undefined ? 'to ' + high : ''];
  return parts.filter(Boolean).join(' ');
};

// What must be sent at least.
const example = (given, depth) => {
  const [schema] = resolved(given);
  if ('default' in schema) return schema.default;
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return example(union[0], depth + 1);
  if (schema.type === 'array') return [];
  if (schema.type === 'string') return '';
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum > 0 ? schema.minimum : 0;
  if (schema.type === 'boolean') return false;
  if (!schema.properties || depth > 5) return {};
  const required = Object.keys(schema.properties).filter((key) => (schema.required ?? []).includes(key));
  return Object.fromEntries(required.map((key) => [key, example(schema.properties[key], depth + 1)]));
};

const field = (id, label, node) => make('div', {}, make('label', { htmlFor: id, textContent: label }), Object.assign(node, { id }));

const tryForm = (path, method, operation) => {
  const id = operation.operationId;
  const inputs = (operation.parameters ?? []).map((parameter) => {
    const choices = parameter.schema.enum;
    const node = choices
      ? make('select', {}, make('option', { value: '', textContent: '(not sent)' }), ...choices.map((word) => make('option', { value: String(word), textContent: String(word) })))
      : make('input', { autocomplete: 'off', spellcheck: false });
    node.required = parameter.required === true;
    const label = parameter.name + ' (' + parameter.in + (parameter.required ? ', required' : '') + ')' + (parameter.description ? ': ' + parameter.description : '');
    return { parameter, node, whole: field(id + '-' + parameter.name, label, node) };
  });
  const bodySchema = operation.requestBody?.content['application/json'].schema;
  const body = bodySchema ? make('textarea', { spellcheck: false, value: JSON.stringify(example(bodySchema, 0), null, 2) }) : undefined;
  const send = make('button', { type: 'submit', textContent: 'Send' });
  const stop = make('button', { type: 'button', className: 'quiet', textContent: 'Stop', disabled: true });
  const state = make('output', { className: 'dim' });
  const answer = make('pre', { hidden: true, tabIndex: 0, ariaLabel: 'Answer' });
  let running;
  stop.addEventListener('click', () => running?.abort());
  const form = make('form', {}, make('h3', { textContent: 'Try it' }), make('div', { className: 'fields' }, ...inputs.map(({ whole }) => whole)));
  if (body) form.append(field(id + '-body', 'body (JSON)', body));
  form.append(make('div', { className: 'row' }, send, stop, state), answer);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    running = new AbortController();
    send.disabled = true;
    stop.disabled = false;
    state.className = 'dim';
    state.textContent = 'sent';
    answer.hidden = false;
    answer.textContent = '';
    const started = performance.now();
    try {
      let target = path;
      const query = new URLSearchParams();
      const headers = Object.fromEntries(Object.entries(credentials).filter(([, value]) => value !== ''));
      for (const { parameter, node } of inputs) {
        if (parameter.in === 'path') target = target.replace('{' + parameter.name + '}', encodeURIComponent(node.value));
        else if (node.value === '') continue;
        else if (parameter.in === 'header') headers[parameter.name] = node.value;
        else query.set(parameter.name, node.value);
      }
      const url = new URL('.' + target + (query.size > 0 ? '?' + query : ''), location.href);
      if (body) headers['content-type'] = 'application/json';
      const response = await fetch(url, { method: method.toUpperCase(), headers, signal: running.signal, ...(body ? { body: body.value } : {}) });
      const head = () => {
        state.className = response.ok ? 'dim' : 'bad';
        state.textContent = response.status + ' ' + response.statusText + ', ' + Math.round(performance.now() - started) + ' ms';
      };
      head();
      const names = ['location', 'content-location', 'x-pagination-total', 'x-pagination-next'];
      const shown = names.filter((name) => response.headers.has(name)).map((name) => name + ': ' + response.headers.get(name));
      const before = shown.length > 0 ? shown.join('\n') + '\n\n' : '';
      answer.textContent = before;
      let text = '';
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader?.read(); part && !part.done; part = await reader.read()) {
        text += part.value;
        answer.append(part.value);
      }
      if ((response.headers.get('content-type') ?? '').includes('json') && text.trim() !== '') answer.textContent = before + pretty(text);
      head();
    } catch (error) {
      state.className = 'bad';
      state.textContent = error.name === 'AbortError' ? 'stopped' : String(error);
    }
    send.disabled = false;
    stop.disabled = true;
  });
  return form;
};
const pretty = (text) => {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
};

const operationOf = (path, method, operation) => {
  const inside = make('div', { className: 'inside' });
  const whole = make('details', { className: 'operation', id: operation.operationId },
    make('summary', {}, make('span', { className: 'method', textContent: method.toUpperCase() }), make('span', { className: 'path', textContent: path }),
      make('span', { className: 'dim', textContent: operation.summary })), inside);
  whole.dataset.words = (method + ' ' + path + ' ' + operation.summary).toLowerCase();
  // Written when first opened: a page of a hundred forms at once is slow to read for a screen reader, too.
  whole.addEventListener('toggle', () => {
    if (!whole.open || inside.hasChildNodes()) return;
    inside.append(make('p', { className: 'dim', textContent: 'Needs: ' + operation['x-permission'] }));
    const body = operation.requestBody?.content['application/json'].schema;
    if (body) inside.append(make('h3', { textContent: 'Body' }), make('pre', { tabIndex: 0, textContent: shape(body, '', []) }));
    for (const [status, given] of Object.entries(operation.responses)) {
      const response = given.$ref ? api.components.responses[given.$ref.split('/').pop()] : given;
      const [media, content] = Object.entries(response.content ?? {})[0] ?? [];
      if (given.$ref) { inside.append(make('p', {}, make('code', { textContent: status }), ' ' + response.description)); continue; }
      inside.append(make('h3', { textContent: 'Answer ' + status + (media ? ', ' + media : ', no body') }));
      if (content) inside.append(make('pre', { tabIndex: 0, textContent: shape(content.schema, '', []) }));
    }
    inside.append(tryForm(path, method, operation));
  });
  return whole;
};

const start = async () => {
  const response = await fetch('openapi.json');
  if (!response.ok) throw new Error('openapi.json: ' + response.status);
  api = await response.json();
  document.title = api.info.title + ' API';
  find('title').textContent = api.info.title + ' API ' + api.info.version;
  find('about').textContent = api.info.description ?? '';
  const groups = api.tags.map(({ name }) => {
    const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).filter(([, operation]) => operation.tags.includes(name)).map(([method, operation]) => operationOf(path, method, operation)));
    return make('section', {}, make('h2', { textContent: name }), ...operations);
  });
  find('operations').replaceChildren(...groups);
  find('filter').addEventListener('input', ({ target }) => {
    const word = target.value.trim().toLowerCase();
    for (const group of groups) {
      const all = [...group.querySelectorAll('details.operation')];
      for (const one of all) one.hidden = !one.dataset.words.includes(word);
      group.hidden = all.every((one) => one.hidden);
    }
  });
  find('key').addEventListener('input', ({ target }) => { credentials['x-api-key'] = target.value.trim(); });
  find('token').addEventListener('input', ({ target }) => { credentials.authorization = target.value.trim() && 'Bearer ' + target.value.trim(); });
  // The link that the server printed for its own user; the token does not stay in the address bar.
  const [, own] = /^#token=(gvl_[\w-]+)$/.exec(location.hash) ?? [];
  if (own) {
    find('key').value = credentials['x-api-key'] = own;
    history.replaceState(null, '', location.pathname);
  }
  const linked = location.hash && find(location.hash.slice(1));
  if (linked) { linked.open = true; linked.scrollIntoView(); }
};
start().catch((error) => find('operations').replaceChildren(make('p', { className: 'bad', textContent: String(error) })));
`;

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1 id="title">API</h1>
<p id="about" class="dim"></p>
<p><a href="openapi.json">openapi.json</a></p>
<div class="bar">
<label>Find a route <input id="filter" type="search" autocomplete="off"></label>
<label>API key, if this server asks for one <input id="key" type="password" autocomplete="off"></label>
<label>Or a bearer token <input id="token" type="password" autocomplete="off"></label>
</div>
</header>
<main id="operations"><noscript>This page needs its script; openapi.json says the same.</noscript></main>
<script>${SCRIPT}</script>
</body>
</html>
`;
