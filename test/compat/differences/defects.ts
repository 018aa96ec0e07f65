/** Differences that are defects of the dev server. */
import { ABSENT, ANY, type Deviation } from '../differ.ts';
import { at, type Difference, racing } from './row.ts';

/** Rows of one letter each, in both orders. */
const order = (request: string, official: string, ours: string): Deviation[] =>
  official.split('').map((name, index) => at(request, `body[${index}].name`, name, ours[index]));

const UNKNOWN = 'A field that is dropped in silence is a wish that is not fulfilled.';

export const DEFECTS: readonly Difference[] = [
  {
    id: 'D1',
    official: 'Unknown fields are dropped in silence; so is `durability`.',
    ours: '422 naming the field; `durability` has its effect, and is checked.',
    why: UNKNOWN,
    at: [
      at('*unknown field', 'status', 200, 422),
      at('store/unknown field', 'status', 204, 422),
      at('run payload/unknown durability', 'status', 200, 422),
    ],
  },
  {
    id: 'D2',
    official: 'An assistant of a graph that does not exist is made.',
    ours: '404.',
    why: 'A run on it could only fail.',
    at: [at('assistants/unknown graph', 'status', 200, 404)],
  },
  {
    id: 'D3',
    official: 'Assistants are sorted by creation whatever `sort_by` says.',
    ours: 'As `sort_by` and `sort_order` say.',
    why: 'A page of a list in another order is another page.',
    at: [
      at('system assistants/sorted by name', 'body', ANY, 'chat failing memory'),
      ...order('assistants in pages/by name', 'cdab', 'abcd'),
      ...order('assistants in pages/by creation', 'cdab', 'badc'),
    ],
  },
  {
    id: 'D4',
    official: '`X-Pagination-Total` is the offset and the page, and `X-Pagination-Next` comes when the total equals the limit.',
    ours: 'The number of all rows (beyond 500 at least so many; `count` counts on), and the next offset whenever there is a next page.',
    why: 'A client that pages by these headers stops too early, or too late.',
    at: [
      at('*/second page', 'headers.x-pagination-total', '6', '4'),
      at('*/past the end', 'headers.x-pagination-total', '9', '4'),
      at('assistants in pages/page as long as the rest', 'headers.x-pagination-total', '5', '4'),
      at('threads in pages/by values', 'headers.x-pagination-total', '3', '1'),
      at('*/first page', 'headers.x-pagination-next', ABSENT, '2'),
      at('threads in pages/by status', 'headers.x-pagination-next', ABSENT, '1'),
      at('threads in pages/chosen fields', 'headers.x-pagination-next', ABSENT, '1'),
      at('system assistants/sorted by name', 'headers.x-pagination-next', ABSENT, '3'),
      at('assistants in pages/page as long as the rest', 'headers.x-pagination-next', '4', ABSENT),
      at('client: assistants/assistants.search with pagination', 'body.next', '1', null),
    ],
  },
  {
    id: 'D5',
    official: '`GET /threads/{id}/runs` cuts `slice(offset, limit)`: limit 1 and offset 1 give nothing.',
    ours: 'The page that was asked for.',
    why: 'The page is the wrong one.',
    at: [at('runs/list a page', 'body', 0, 1)],
  },
  {
    id: 'D6',
    official: 'A search by `values` finds threads without values too.',
    ours: 'Only those that have them.',
    why: 'What has no values has not these.',
    at: [
      at('threads in pages/by values', 'body[0]', 'c', 'b'),
      at('threads in pages/by values', 'body[1]', 'd', ABSENT),
      at('threads in pages/by values', 'body[2]', 'b', ABSENT),
      at('threads in pages/count by values', 'body', 3, 1),
    ],
  },
  {
    id: 'D7',
    official: '`cancel?wait=0` waits.',
    ours: '202 at once.',
    why: 'It reads "0" as true, and the SDK always sends it.',
    at: [at('cancel by *, wait=0/cancel', 'status', 204, 202)],
  },
  {
    id: 'D8',
    official: 'A cancelled thread is `idle` and has lost its values, though nodes are still to run; so has an edited one its status.',
    ours: '`interrupted`, with its values.',
    why: 'What was cancelled can go on, and its values are still there.',
    at: [
      at('cancel by interrupt, wait=*/thread', 'body.status', 'idle', 'interrupted'),
      at('cancel by interrupt, wait=*/thread', 'body.values', ABSENT, ANY),
      at('state/thread after the edit', 'body.status', 'idle', 'interrupted'),
    ],
  },
  {
    id: 'D9',
    official: 'Joining or streaming a run that does not exist is 200 and empty.',
    ours: '404.',
    why: 'A client that follows the wrong run must be told.',
    at: [
      at('runs/join a missing one', 'status', 200, 404),
      at('runs/stream a missing one', 'status', 200, 404),
      at('stateless runs/stream of a missing one', 'status', 200, 404),
    ],
  },
  {
    id: 'D10',
    official: 'The events of a run that nobody asked to keep are gone once read; a joined stream of an ended run is empty.',
    ours: 'Every stream is kept with its run for a while, and is whole for whoever joins.',
    why: 'Two readers would share the events between them, and a cut stream would lose them.',
    at: [
      at('joined stream/of an ended run, not resumable', 'headers.*', ABSENT, ANY),
      at('joined stream/of an ended run, not resumable', 'events[*]', ABSENT, ANY),
      at('joined stream/after the last event', 'headers.*', ABSENT, ANY),
      // Whether `runs.join` before it, or the run, had read them.
      racing(at('client: runs/runs.joinStream', 'body[*]', ABSENT, ANY)),
    ],
  },
  {
    id: 'D11',
    official: '`stream_mode` of a joined stream has no effect.',
    ours: 'Only the modes that were asked for.',
    why: 'The SDK sends it.',
    at: [at('joined stream/values only', 'events', ANY, ANY)],
  },
  {
    id: 'D12',
    official: 'A `Last-Event-ID` that is no number is taken as none.',
    ours: '422.',
    why: 'A client that lost count must not be told that it missed nothing.',
    at: [at('joined stream/of nonsense', 'status', 200, 422)],
  },
  {
    id: 'D13',
    official: 'An edit as a node that does not exist is 500.',
    ours: '422.',
    why: 'The SDK retries a 500 four times.',
    at: [at('state/edit as no node', 'status', 500, 422)],
  },
  {
    id: 'D14',
    official: 'A run that is running can be deleted.',
    ours: '409.',
    why: 'Its worker would go on writing for a run that is not there.',
    at: [at('busy thread/delete the run', 'status', 204, 409)],
  },
  {
    id: 'D15',
    official: 'Going back to an earlier version of an assistant keeps the newest description.',
    ours: 'The description of that version.',
    why: 'It is part of the version.',
    at: [at('assistants/latest', 'body.description', 'speaks rudely', 'speaks kindly')],
  },
  {
    id: 'D16',
    official: 'A failure is told as error `Error` with a message of JSON.',
    ours: 'With its class and its own message.',
    why: 'It serialises what it has serialised.',
    at: [at('*', 'body.__error__.error', 'Error', ANY), at('*', 'body.__error__.message', ANY, ANY)],
  },
  {
    id: 'D17',
    official: 'A stateless run of a graph that asks a person fails for want of a checkpointer.',
    ours: 'It ends with the question.',
    why: 'Every run of ours is durable, also one whose thread is deleted with it.',
    at: [at('stateless runs/asks a person', 'body.__error__', ANY, ABSENT), at('stateless runs/asks a person', 'body.*', ABSENT, ANY)],
  },
  {
    id: 'D18',
    official: 'Stateless streams have no event ids.',
    ours: 'They have.',
    why: 'Without them they cannot be rejoined.',
    at: [
      at('stateless runs/stream', 'events[*].id', ABSENT, ANY),
      at('client: runs/runs.stream without a thread', 'body[*].id', ABSENT, ANY),
    ],
  },
  {
    id: 'D19',
    official: 'A stream with subgraphs holds `checkpoints` events that nobody asked for.',
    ours: 'Only the modes that were asked for.',
    why: 'A client that did not ask does not know them.',
    at: [at('*', 'events.unasked', ANY, 0)],
  },
  {
    id: 'D20',
    official: "A thread's configuration keeps the user agent and the configurable values of its runs.",
    ours: 'What the thread was given.',
    why: 'The next run would inherit them.',
    at: [
      at('*', 'body.config.configurable.user-agent', 'compare', ABSENT),
      at('*', 'body[*].config.configurable.user-agent', 'compare', ABSENT),
      at('run payload/thread before the first', 'body.config.configurable.tone', 'kind', ABSENT),
    ],
  },
  {
    id: 'D21',
    official: 'A wait that has to go on from `goto` or at a breakpoint answers with the last chunk alone.',
    ours: 'With the whole state and what it waits for.',
    why: 'A client that waits wants the values; `__interrupt__` stands beside them.',
    at: [
      at('human in the loop/goto the end', 'body.*', ABSENT, ANY),
      at('human in the loop/goto *', 'body.__interrupt__', ABSENT, ANY),
      at('run payload/stops before all', 'body.*', ABSENT, ANY),
      at('run payload/goes on to after the first', 'body.*', ABSENT, ANY),
    ],
  },
  {
    id: 'D22',
    official: '`POST /internal/truncate` deletes everything for whoever asks.',
    ours: 'Not there, unless the server was started with `GOVERNOR_TEST_MODE=1`.',
    why: 'It wipes everything.',
    at: [at('not here/truncate', 'status', 200, 404)],
  },
  {
    id: 'D23',
    official: 'A search of items with an operator that does not exist finds nothing.',
    ours: '422.',
    why: UNKNOWN,
    at: [at('store/search with an unknown operator', 'status', 200, 422)],
  },
  {
    id: 'D24',
    official: 'A `goto` to a node that does not exist is passed over.',
    ours: 'The run fails, naming the node and those that there are.',
    why: 'A jump that does not happen is a wish that is not fulfilled.',
    at: [
      at('human in the loop/goto a node that is not', 'body.*', ANY, ABSENT),
      at('human in the loop/goto a node that is not', 'body.__error__', ABSENT, ANY),
    ],
  },
  {
    id: 'D25',
    official: 'The lifecycle of protocol v2 tells a failure as JSON in a string.',
    ours: 'As its message.',
    why: 'It is read by people.',
    at: [at('protocol: a failure/failed', 'events.lifecycle[1].data.error', ANY, 'the second node always fails')],
  },
  {
    id: 'D26',
    official: 'Before the first run every unknown command is `no_such_run`.',
    ours: '`unknown_command`, or `not_supported` with what to do instead.',
    why: 'No run makes it known.',
    at: [
      at('protocol: refusals/no such method', 'body.error', 'no_such_run', 'unknown_command'),
      at('protocol: refusals/subscribe', 'body.error', 'no_such_run', 'not_supported'),
    ],
  },
];
