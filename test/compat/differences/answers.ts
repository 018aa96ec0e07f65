/** Differences in what an answer holds: more than the dev server says, or less, on purpose. */
import { ABSENT, ANY } from '../differ.ts';
import { at, type Difference } from './row.ts';

const INTERNAL = ['langgraph_version', 'langgraph_plan', 'langgraph_api_url', 'created_by'];

const OF_THE_RUN = ['user-agent', 'ls_integration', 'run_attempt', 'langgraph_*', 'checkpoint_*'];

export const BETTER_ANSWERS: readonly Difference[] = [
  {
    id: 'A1',
    official: 'What waits for a run is `text/plain`.',
    ours: '`application/json`.',
    why: 'It is JSON; every client reads both.',
    at: [at('*', 'headers.content-type', 'text/plain', 'application/json')],
  },
  {
    id: 'A2',
    official: 'Metadata of events names the version and plan of LangGraph, the address of the server, and who made the assistant.',
    ours: 'The run, thread, graph, assistant, attempt and host.',
    why: 'The rest is in `/info`, and would stand in every event.',
    at: [
      ...INTERNAL.map((name) => at('stream of *', `events[*]*.${name}`, ANY, ABSENT)),
      ...INTERNAL.map((name) => at('protocol: *', `events.tasks[*].data.metadata.${name}`, ANY, ABSENT)),
    ],
  },
  {
    id: 'A3',
    official: 'Metadata of a checkpoint repeats also who made the assistant, and all configurable values.',
    ours: 'Source, step, parents, run, thread, graph, assistant, and the metadata that the run was given; of an edit only source, step and parents.',
    why: 'It stands in every checkpoint; the run has the rest.',
    at: [
      ...OF_THE_RUN.map((name) => at('*', `body*.metadata.${name}`, ANY, ABSENT)),
      at('*', 'body*.metadata.created_by', 'system', ABSENT),
      at('supersteps/*', 'body*.metadata.graph_id', 'trivial', ABSENT),
      at('state/after the edit*', 'body.metadata.graph_id', 'trivial', ABSENT),
      at('run payload/state before the first', 'body.metadata.tone', 'kind', ABSENT),
      at('client: threads/threads.getState', 'body.metadata.*', ANY, ABSENT),
      at('stream of *', 'events[*].data*.metadata.*', ANY, ABSENT),
    ],
  },
  {
    id: 'A4',
    official:
      "A run's `kwargs` repeat its ids, its metadata and whether its thread is temporary; its metadata its graph, its assistant and who made that.",
    ours: 'What the caller sent.',
    why: 'The ids are members of the run.',
    at: [
      at('*', 'body*.kwargs.*', ANY, ABSENT),
      ...['runs/create', 'runs/get', 'client: runs/runs.get'].map((request) => at(request, 'body.metadata.*_id', ANY, ABSENT)),
    ],
  },
  {
    id: 'A5',
    official: 'The graph does not know its caller unless there is custom auth.',
    ours: '`configurable.user_id` is the caller, always.',
    why: 'Every caller of ours is known; who came with a credential cannot say to be another.',
    at: [at('stream of debug/*', 'events[*].data.payload.*configurable.user_id', ABSENT, 'local:root')],
  },
  {
    id: 'A6',
    official: "A configuration in a debug event has no name of its subgraph's run.",
    ours: 'It has.',
    why: "LangGraph's own.",
    at: [at('stream of debug/nested', 'events[*].data.payload.*run_name', ABSENT, 'research')],
  },
  {
    id: 'A7',
    official: 'A joined run or stream does not say whose it is.',
    ours: '`Content-Location`, as the first stream.',
    why: "The SDK reads a run's id from it.",
    at: [at('*', 'headers.content-location', ABSENT, ANY)],
  },
  {
    id: 'A8',
    official: 'JSON under `text/plain` is read; JSON in a JSON string and a missing body are 400, also that of a GET.',
    ours: 'The string is unwrapped once; a missing body is an empty object.',
    why: 'Studio has sent both.',
    at: [
      at('pages/JSON in a JSON string', 'status', 400, 200),
      at('threads/create without a body', 'status', 400, 200),
      at('system assistants/schemas of nobody', 'status', 400, 404),
    ],
  },
  {
    id: 'A9',
    official: 'Any page of the web may read and write.',
    ours: 'Loopback, Studio and listed origins; another page gets 403 and no CORS header.',
    why: 'A page that the operator happens to open is not the operator.',
    at: [at('pages/text/plain by a foreign page', 'status', 200, 403), at('pages/*', 'headers.access-control-*', ANY, ANY)],
  },
  {
    id: 'A10',
    official: 'Schemas of a subgraph are named `input`, `output`, `state`, `config` alone.',
    ours: 'So, and `input_schema` and so on, as those of a graph.',
    why: "H and the SDK's type (`Subgraphs`).",
    at: [at('*ubgraph*', 'body.research.*_schema', ABSENT, ANY)],
  },
  {
    id: 'A11',
    official: 'The checkpoint that an edit made has no `checkpoint_map`.',
    ours: 'It has, as every other checkpoint.',
    why: 'One form.',
    at: [at('*', 'body.checkpoint.checkpoint_map', ABSENT, null)],
  },
  {
    id: 'A12',
    official: "A thread's `interrupts` have an empty list for every task that waits for nobody.",
    ours: 'Only tasks that wait for somebody.',
    why: 'What is listed waits.',
    at: [at('*', 'body.interrupts.<id>', [], ABSENT)],
  },
  {
    id: 'A13',
    official: 'A copied thread has no values and the status `idle` until its next run, and its own id in its metadata.',
    ours: 'Values, status and metadata of the original.',
    why: 'It has its checkpoints.',
    at: [
      at('state/copy', 'body.values', ABSENT, ANY),
      at('state/copy', 'body.metadata.thread_id', ANY, ABSENT),
      at('client: threads/threads.copy', 'body', 'idle', 'interrupted'),
      at('state/copy', 'body.config.configurable', ABSENT, {}),
    ],
  },
  {
    id: 'A14',
    official: 'A thread made with supersteps is told as it was before them.',
    ours: 'As it is after them.',
    why: 'The answer to a creation is what was created.',
    at: [at('supersteps/create with a past', 'body.status', 'idle', 'interrupted')],
  },
  {
    id: 'A15',
    official: 'Metadata of a streamed message has no tags.',
    ours: 'The tags of its run.',
    why: "LangGraph's own.",
    at: [at('stream of messages*', 'events[*]*.tags', ABSENT, [])],
  },
  {
    id: 'A16',
    official: 'Every model is streamed, asked for or not: its message is a chunk, and has the id of its run.',
    ours: 'Only when messages or events are asked for.',
    why: "A graph that is waited for runs as it does under LangGraph's own `invoke`.",
    at: [at('runs/*', 'body*.messages[*].tool_call_chunks', [], ABSENT), at('runs/*', 'body*.messages[*].id', 'run-<id>', '<id>')],
  },
  {
    id: 'A17',
    official: "A failed task's error is JSON in a string.",
    ours: 'Its class and its message.',
    why: 'It is read by people.',
    at: [at('failing run/state', 'body.tasks[0].error', ANY, 'RangeError: the second node always fails')],
  },
  {
    id: 'A18',
    official: 'In protocol v2 messages of a state come without `additional_kwargs`, empty lists and content blocks.',
    ours: 'Whole, as everywhere else.',
    why: 'One message has one form, whatever it is read by.',
    at: [
      at('protocol: messages/all', 'events.values[*].data.messages[*].additional_kwargs', ABSENT, {}),
      at('protocol: messages/all', 'events.values[*].data.messages[0].response_metadata', ABSENT, {}),
      at('protocol: messages/all', 'events.*.data.messages[*].*tool_calls', ABSENT, []),
      at('protocol: messages/all', 'events.*.data.messages[*].content_blocks', ABSENT, ANY),
      at('protocol: messages/all', 'events.updates[0].data.messages[0].additional_kwargs', ABSENT, {}),
    ],
  },
  {
    id: 'A19',
    official: 'An event of protocol v2 about a message does not name its node.',
    ours: 'It does.',
    why: 'A member of the protocol.',
    at: [at('protocol: messages/all', 'events.messages[*].node', ABSENT, 'answer')],
  },
  {
    id: 'A20',
    official: 'Nobody but who answered hears that a question was answered.',
    ours: '`input.answered`, for every reader of the thread.',
    why: 'An event of the protocol, newer than the dev server.',
    at: [at('protocol: a question/answered', 'events.input.answered', ABSENT, ANY)],
  },
  {
    id: 'A21',
    official: 'An answer to what does not wait is `invalid_argument`.',
    ours: '`no_such_interrupt`, naming what waits.',
    why: 'The protocol has a code for it.',
    at: [at('protocol: a question/answer again', 'body.error', 'invalid_argument', 'no_such_interrupt')],
  },
  {
    id: 'A22',
    official: 'A command to a thread that does not exist is 200, and `no_such_run` in its body.',
    ours: '404, with the same body.',
    why: 'Another one’s thread is as one that is not there, by every route.',
    at: [at('protocol: a question/answer before any run', 'status', 200, 404), at('protocol: refusals/tree of no run', 'status', 200, 404)],
  },
];
