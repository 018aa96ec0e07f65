/** Agents that solve nothing: one hands over nothing, one deletes the tests that fail. */
import type { Asked, Brain, Thinking } from './brain.ts';
import { checksOf, list, remove, runChecks, submitBuild, submitPlan, submitReview } from './hands.ts';

/** Plans something, changes nothing, and says that it is done. */
export const idle: Brain = function* (asked: Asked): Thinking {
  if (asked.role === 'planner') yield submitPlan('do what the goal says', ['src/**']);
  else if (asked.role === 'lead') yield submitBuild(asked, 'Everything is done.');
  else yield submitReview;
};

const isTest = (path: string): boolean => path.endsWith('.test.js');

/** Runs the checks, deletes the test file that fails, or else the first that there is, and says that all is green. */
export const deleter: Brain = function* (asked: Asked): Thinking {
  const files = yield* list();
  const tests = files.filter(isTest);
  if (asked.role === 'planner') {
    yield submitPlan('make the tests green', [...tests, 'src/**']);
    return;
  }
  if (asked.role !== 'lead') {
    yield submitReview;
    return;
  }
  const commands = yield* checksOf();
  const { output } = yield* runChecks(commands);
  const failing = tests.find((path) => output.includes(path));
  yield* remove(failing ?? tests[0] ?? 'package.json');
  yield* runChecks(commands);
  yield submitBuild(asked, 'All tests are green.');
};

/** Says of everything that it is so already. */
export const denier: Brain = function* (): Thinking {
  yield { name: 'submit_plan', arguments: { summary: 'nothing', items: [], no_change: { reason: 'It is so already.' } } };
};

/** Asks back, whatever the goal is. */
export const asker: Brain = function* (): Thinking {
  yield { name: 'submit_plan', arguments: { summary: 'unclear', items: [], question: 'What do you mean?' } };
};
