/** Sends requests to one server and keeps what came back in a form that two servers can be compared in. */
import { Client } from '@langchain/langgraph-sdk';
import type { DevServer } from './server.ts';

export interface SseEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string;
}

/** What came back, as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON; undefined when it is none. */
  readonly body: unknown;
  readonly events: readonly SseEvent[];
}

/** What came back, without ids, times and addresses. */
export interface Recorded {
  readonly label: string;
  readonly request: string;
  readonly status: number | string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly events?: unknown;
}

export interface SendOptions {
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What of a body or of the events is compared, where the rest is chance. */
  readonly pick?: (value: unknown) => unknown;
  /** Headers compared beside those that always are. */
  readonly compareHeaders?: readonly string[];
}

const HEADERS = ['content-location', 'x-pagination-total', 'x-pagination-next'];
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const HASH = /\b[0-9a-f]{32}\b/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;

export class Wire {
  readonly server: DevServer;
  readonly records: Recorded[] = [];
  /** Without the retries that would hide what was answered first. */
  readonly client: Client;
  private readonly names: Map<string, string>;

  constructor(server: DevServer, names: ReadonlyMap<string, string> = new Map()) {
    this.server = server;
    this.names = new Map(names);
    this.client = new Client({ apiUrl: server.url, apiKey: null, callerOptions: { maxRetries: 0 } });
  }

  /** From here on this id is compared by its name. */
  name(id: unknown, as: string): string {
    this.names.set(String(id), `<${as}>`);
    return String(id);
  }

  async send(label: string, method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const answer = await this.quiet(method, path, options);
    this.records.push(this.recorded(label, `${method} ${path}`, answer, options));
    return answer;
  }

  /** Reads an endless stream of events until it has told what is waited for; 20 seconds at most. */
  async follow(
    label: string,
    path: string,
    body: unknown,
    { until, pick }: { readonly until: (events: readonly SseEvent[]) => boolean; readonly pick: (events: readonly SseEvent[]) => unknown },
  ): Promise<readonly SseEvent[]> {
    const leave = AbortSignal.timeout(20_000);
    const headers = { 'user-agent': 'compare', 'content-type': 'application/json' };
    const response = await fetch(`${this.server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body), signal: leave });
    let text = '';
    let events: readonly SseEvent[] = [];
    try {
      if (response.body !== null)
        for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          events = eventsOf(text.slice(0, text.lastIndexOf('\n\n') + 2));
          if (until(events)) break;
        }
    } catch (error) {
      if (!leave.aborted) throw error;
    }
    const answer = { status: response.status, headers: response.headers, text, body: undefined, events };
    this.records.push(this.recorded(label, `POST ${path}`, answer, { pick: () => pick(events) }));
    return events;
  }

  /** Not compared: it only prepares. */
  async quiet(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const hasBody = options.raw !== undefined || options.body !== undefined;
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { 'user-agent': 'compare', ...(hasBody ? { 'content-type': 'application/json' } : {}), ...options.headers },
      ...(hasBody ? { body: options.raw ?? JSON.stringify(options.body) } : {}),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    const isStream = essence(response.headers) === 'text/event-stream';
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isStream ? undefined : parsed(text),
      events: isStream ? eventsOf(text) : [],
    };
  }

  /** A call of the SDK: what it returned, or how it failed. */
  async call(
    label: string,
    work: (client: Client) => Promise<unknown>,
    pick: (value: unknown) => unknown = (value) => value,
  ): Promise<unknown> {
    let status: number | string = 'returned';
    let value: unknown;
    try {
      value = await work(this.client);
    } catch (error) {
      const known = error as { status?: unknown; name?: unknown }; // the SDK's HTTPError has a status
      status = typeof known.status === 'number' ? `threw HTTP ${known.status}` : `threw ${String(known.name)}`;
    }
    this.records.push({ label, request: label, status, headers: {}, body: this.normal(pick(value)) });
    return value;
  }

  private recorded(label: string, request: string, answer: Answer, options: SendOptions): Recorded {
    const { status, headers } = answer;
    const pick = options.pick ?? ((value: unknown) => value);
    const kept: Record<string, string> = {};
    for (const name of [...HEADERS, ...(options.compareHeaders ?? [])]) {
      const value = headers.get(name);
      if (value !== null) kept[name] = String(this.normal(value));
    }
    const base = { label, request: String(this.normal(request)), status };
    if (status >= 400) return { ...base, headers: kept, body: this.errorForm(answer) };
    if (answer.text !== '') kept['content-type'] = essence(headers);
    const location = this.locationForm(answer);
    if (location !== undefined) kept['location'] = location;
    if (essence(headers) === 'text/event-stream') return { ...base, headers: kept, events: this.normal(pick(answer.events)) };
    return { ...base, headers: kept, body: this.normal(pick(answer.body === undefined ? answer.text : answer.body)) };
  }

  /** Convention 1: an error of ours is `{"detail": "..."}` in JSON, of a command with the protocol's members; the official forms vary and are not compared. */
  private errorForm(answer: Answer): string {
    if (this.server.kind === 'official') return '<error>';
    const { body } = answer;
    const isDetail =
      typeof body === 'object' &&
      body !== null &&
      ['detail', 'type,id,error,message,detail'].includes(Object.keys(body).join()) &&
      'detail' in body &&
      typeof body.detail === 'string';
    return isDetail && essence(answer.headers) === 'application/json' ? '<error>' : `not a detail: ${answer.text.slice(0, 200)}`;
  }

  /** Convention 2: where a run is streamed or waited for, ours says where to join it again; the official server never does. */
  private locationForm(answer: Answer): string | undefined {
    if (this.server.kind === 'official') return answer.headers.get('location') ?? undefined;
    const run = answer.headers.get('content-location');
    const location = answer.headers.get('location');
    const ways = run?.startsWith('/threads/') === true ? ['stream', 'join'] : ['stream', 'wait'];
    if (location !== null) return ways.some((way) => location === `${run}/${way}`) ? undefined : `wrong: ${location}`;
    return run !== null && essence(answer.headers) === 'text/event-stream' ? 'missing' : undefined;
  }

  private normal(value: unknown): unknown {
    if (typeof value === 'string')
      return value
        .replaceAll(this.server.url, '<server>')
        .replace(UUID, (id) => this.names.get(id.toLowerCase()) ?? '<id>')
        .replace(HASH, '<hash>')
        .replace(TIME, '<time>');
    if (Array.isArray(value)) return value.map((one) => this.normal(one));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [String(this.normal(key)), this.normal(one)]));
    return value;
  }
}

const essence = (headers: Headers): string => (headers.get('content-type') ?? '').replace(/;.*$/s, '').trim().toLowerCase();

/** A waited-for answer may begin with newlines that kept the connection alive. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Comments (heartbeats) are no events. */
export function eventsOf(text: string): SseEvent[] {
  return text
    .split(/\r?\n\r?\n/)
    .map((frame) => {
      const of = (field: string): string | undefined =>
        frame
          .split(/\r?\n/)
          .filter((line) => line.startsWith(`${field}:`))
          .map((line) => line.slice(field.length + 1).replace(/^ /, ''))
          .join('\n') || undefined;
      const id = of('id');
      const data = of('data');
      return {
        event: of('event') ?? '',
        data: data === undefined ? undefined : (parsed(data) ?? data),
        ...(id === undefined ? {} : { id }),
      };
    })
    .filter((frame) => frame.event !== '' || frame.data !== undefined);
}
