/**
 * A deterministic agent that works as real ones do: looks, runs the checks, edits, sees them fail, reads why, and mends. It knows what
 * each goal needs, but neither where it stands nor how it reads there: that it finds in the repository.
 */
import type { TurnCall } from '../dialects/server.ts';
import type { Asked, Brain, Thinking } from './brain.ts';
import {
  type Checked,
  checksOf,
  edit,
  list,
  read,
  remove,
  runChecks,
  search,
  submitBuild,
  submitPlan,
  submitReview,
  write,
} from './hands.ts';

/** One change, where a pattern is found. */
export type Change =
  /** What matches `old` in the first file that is found. */
  | { readonly kind: 'edit'; readonly at: string; readonly glob?: string; readonly old: RegExp; readonly to: string }
  /** Every place in every file that is found. */
  | { readonly kind: 'everywhere'; readonly at: string; readonly glob?: string; readonly not?: RegExp; readonly to: string }
  /** A new file in the folder of the first file that is found. */
  | { readonly kind: 'add'; readonly at: string; readonly glob?: string; readonly name: string; readonly text: string }
  | { readonly kind: 'remove'; readonly at: string; readonly glob?: string };

/** What a goal needs. */
export interface Repair {
  /** Words of the goal by which it is known. */
  readonly goal: RegExp;
  /** What the planner looks for. */
  readonly look: string;
  readonly paths: readonly string[];
  /** The wrong edit that suggests itself, and what a check says of it. */
  readonly tempting?: { readonly changes: readonly Change[]; readonly fails: RegExp };
  readonly changes: readonly Change[];
}

/** What hands over no change: `asks` a question, or finds that there is `nothing` to do. */
export interface NoRepair {
  readonly goal: RegExp;
  readonly look: string;
  readonly answer: 'asks' | 'nothing';
}

export const repairer = (known: readonly (Repair | NoRepair)[]): Brain =>
  function* (asked: Asked): Thinking {
    const repair = known.find(({ goal }) => goal.test(asked.brief.replaceAll(/\s+/g, ' ')));
    if (repair === undefined) throw new Error(`no repair is known for: ${asked.brief.slice(0, 2000)}`);
    if (asked.role === 'planner') yield* plan(repair);
    else if (asked.role === 'critic') yield* review(repair);
    else if (!('answer' in repair)) yield* build(asked, repair);
  };

function* plan(repair: Repair | NoRepair): Thinking {
  yield* list();
  const found = yield* search(repair.look);
  for (const path of new Set(found.slice(0, 3).map((place) => place.path))) yield* read(path);
  if (!('answer' in repair)) yield submitPlan('what the goal says, with tests', repair.paths);
  else yield noPlan(repair.answer);
}

const noPlan = (answer: NoRepair['answer']): TurnCall => ({
  name: 'submit_plan',
  arguments:
    answer === 'asks'
      ? { summary: 'the goal contradicts the contract', question: 'The contract wants a number, the goal a text. Which of the two holds?' }
      : { summary: 'nothing is to be done', no_change: { reason: 'the function and its test are there already' } },
});

function* review({ look }: Repair | NoRepair): Thinking {
  const [place] = yield* search(look);
  if (place !== undefined) yield* read(place.path);
  yield* runChecks(yield* checksOf());
  yield submitReview;
}

function* build(asked: Asked, repair: Repair): Thinking {
  const commands = yield* checksOf();
  yield* runChecks(commands);
  const { tempting } = repair;
  if (tempting !== undefined) {
    yield* changeAll(tempting.changes);
    const seen: Checked = yield* runChecks(commands);
    // It believes in its edit until a check says what is wrong with it.
    if (!tempting.fails.test(seen.output)) {
      yield submitBuild(asked, `It was one edit. Checks: ${seen.passed ? 'green' : 'red'}.`);
      return;
    }
  }
  yield* changeAll(repair.changes);
  const { passed } = yield* runChecks(commands);
  yield submitBuild(asked, `What the goal says. Checks: ${passed ? 'green' : 'red'}.`);
}

function* changeAll(changes: readonly Change[]): Thinking {
  for (const one of changes) yield* change(one);
}

function* change(one: Change): Thinking {
  const places = yield* search(one.at, one.glob);
  const paths = [...new Set(places.map(({ path }) => path))];
  const [path = ''] = paths;
  switch (one.kind) {
    case 'edit': {
      const found = one.old.exec(yield* read(path))?.[0] ?? '';
      yield* edit(path, found, one.to);
      return;
    }
    case 'everywhere':
      for (const each of paths.filter((name) => one.not?.test(name) !== true))
        yield* write(each, (yield* read(each)).replaceAll(one.at, one.to));
      return;
    case 'add':
      yield* write(`${path.replace(/[^/]*$/, '')}${one.name}`, one.text);
      return;
    case 'remove':
      yield* remove(path);
      return;
    default:
      one satisfies never;
  }
}
