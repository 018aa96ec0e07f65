/** What was asked of objects by their ids is asked once; what may change, was large or failed is asked again. */
import { expect, test } from 'vitest';
import { rememberedAnswers } from '../../../tools/repository/answers.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(64);

const PLACE = { gitDir: '/git', objects: '/objects' };

function counted(stdout: Buffer = Buffer.from('x')) {
  const asked: string[] = [];
  const answers = rememberedAnswers(async (argv) => {
    asked.push(argv.join(' '));
    if (argv.includes('fail')) throw new Error('no');
    return { stdout, stderr: '', code: 0 };
  });
  return { asked, answers, remembered: answers(PLACE) };
}

test('the same question about ids is asked once, also while it is being asked; another one is not taken for it', async () => {
  const { asked, remembered } = counted();
  await Promise.all([remembered(['ls-tree', A], [A]), remembered(['ls-tree', A], [A])]);
  await remembered(['ls-tree', A], [A]);
  await remembered(['ls-tree', B], [B]);
  await remembered(['ls-tree', '-r', A], [A]);
  expect(asked).toEqual([`ls-tree ${A}`, `ls-tree ${B}`, `ls-tree -r ${A}`]);
});

test('names that may move, large answers and failures are asked again', async () => {
  const { asked, remembered } = counted();
  for (let turn = 0; turn < 2; turn += 1) {
    await remembered(['ls-tree', 'main'], ['main']);
    await remembered(['ls-tree', A.slice(1)], [A.slice(1)]);
    await expect(remembered(['fail', A], [A])).rejects.toThrow('no');
  }
  expect(asked).toHaveLength(6);
  const large = counted(Buffer.alloc(1024 * 1024 + 1));
  for (let turn = 0; turn < 2; turn += 1) await large.remembered(['ls-tree', A], [A]);
  expect(large.asked).toHaveLength(2);
});

test('the newest answers are kept alone', async () => {
  const { asked, remembered } = counted();
  const ids = Array.from({ length: 33 }, (_none, index) => index.toString(16).padStart(40, '0'));
  for (const id of ids) await remembered(['ls-tree', id], [id]);
  await remembered(['ls-tree', ids[32] ?? ''], [ids[32] ?? '']);
  expect(asked).toHaveLength(33);
  await remembered(['ls-tree', ids[0] ?? ''], [ids[0] ?? '']);
  expect(asked).toHaveLength(34);
});

test('the answers of one repository are not those of another, and are there for who opens it again', async () => {
  const { asked, answers, remembered } = counted();
  await remembered(['ls-tree', A], [A]);
  await answers({ ...PLACE, objects: '/others' })(['ls-tree', A], [A]);
  await answers({ ...PLACE })(['ls-tree', A], [A]);
  expect(asked).toHaveLength(2);
});
