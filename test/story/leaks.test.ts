/** A value that is known to be secret comes into a model's mouth, or by a command into a file: nothing of it is kept, and none of it is released. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { approve, critic, makeWorld, PRODUCT, PRODUCT_TEST, planReply, start, submit, tool, type World, write } from './world.ts';

const SECRET = 'the operators "own" value';
const env = { OPENAI_API_KEY: SECRET };

let world: World | undefined;
afterEach(() => world?.dispose());

/** Files of the home, the database and its log among them, that hold the value in some form. */
function holding(home: string): string[] {
  const forms = [
    SECRET,
    JSON.stringify(SECRET).slice(1, -1),
    JSON.stringify(JSON.stringify(SECRET)).slice(3, -3),
    Buffer.from(SECRET).toString('base64'),
  ];
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const content = readFileSync(path);
      return forms.some((form) => content.includes(form));
    });
}

test('what models say of it is masked before anything is kept', async () => {
  world = makeWorld({
    env,
    replies: [
      { ...planReply(), text: `The key is ${SECRET}.` },
      { ...write(1, 1, 'src/product.js', `// ${SECRET}\n${PRODUCT}`), text: SECRET },
      write(1, 2, 'test/product.test.js', PRODUCT_TEST),
      submit(1, 3, `done with ${SECRET}`),
      { ...critic(1), text: Buffer.from(SECRET).toString('base64') },
    ],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting.waiting?.gate).toBe('release');
  await approve(operations, waiting.thread_id);
  expect(world.read('src/product.js')).toBe(`// [REDACTED]\n${PRODUCT}`);
  await operations.close();
  expect(holding(world.home)).toEqual([]);
  expect(world.git('log', '-p', '--all')).not.toContain(SECRET);
});

test('a file that a command puts it into is sent back, and the next attempt without it is released', async () => {
  const parts = SECRET.split(' ').map((part) => JSON.stringify(part));
  const script = `require('node:fs').writeFileSync('src/key.txt', [${parts.join()}].join(' '))`;
  world = makeWorld({
    env,
    replies: [
      planReply(),
      write(1, 1, 'src/product.js', PRODUCT),
      write(1, 2, 'test/product.test.js', PRODUCT_TEST),
      tool('lead', 1, 3, 'run_command', { argv: ['node', '-e', script] }),
      submit(1, 4),
      tool('lead', 2, 1, 'delete_file', { path: 'src/key.txt' }),
      submit(2, 2),
      critic(2),
    ],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting.waiting?.gate).toBe('release');
  const review = JSON.stringify(world.dossier(waiting.thread_id, '30-review.1.json'));
  expect(review).toContain('known-secret');
  expect(review).toContain('src/key.txt');
  expect(review).not.toContain('operators');
  await approve(operations, waiting.thread_id);
  await operations.close();
  expect(world.git('show', 'main')).not.toContain('operators');
});
