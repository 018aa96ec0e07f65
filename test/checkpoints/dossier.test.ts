/** The dossier: files that are whole or not there, inside their run's folder, and believed only with the digest that was recorded. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDossier } from '../../checkpoints/dossier.ts';
import { onFailpoint } from '../../domain/failpoint.ts';
import type { Envelope } from '../../domain/handoff.ts';
import type { Dossier } from '../../domain/ports.ts';
import { type Home, makeHome, threadOf } from './home.ts';

let home: Home;
let dossier: Dossier;
beforeEach(() => {
  home = makeHome();
  dossier = createDossier(join(home.folder, 'runs'));
});
afterEach(() => {
  onFailpoint(undefined);
  home.dispose();
});

const ID = threadOf(1);
const envelopeOf = (body: unknown): Envelope => ({
  kind: 'plan',
  version: 1,
  thread_id: ID,
  attempt: 1,
  inputs: [{ path: 'request.json', sha256: 'a'.repeat(64) }],
  made_by: 'planner',
  made_at: '2026-01-01T00:00:00.000Z',
  body,
});
const fileOf = (path: string): string => join(home.folder, 'runs', ID, path);
const stop = (code: string, ...parts: string[]) => ({
  name: 'StopError',
  code,
  message: expect.stringMatching(new RegExp(parts.map((part) => part.replaceAll('.', '\\.')).join('.*'))),
  evidence: ['10-plan.1.json'],
});

describe('a hand-over file', () => {
  test('is what was written, by its digest, for its owner alone, with nothing beside it', async () => {
    const envelope = envelopeOf({ summary: 'nul \u0000, \u{1f600}, "quotes"', items: [] });
    const ref = await dossier.writeJson(ID, '10-plan.1.json', envelope);
    const bytes = readFileSync(fileOf('10-plan.1.json'));
    expect(ref).toEqual({ path: '10-plan.1.json', sha256: createHash('sha256').update(bytes).digest('hex') });
    expect(JSON.parse(bytes.toString())).toEqual(envelope);
    expect(bytes.at(-1)).toBe(10);
    expect(await dossier.readVerified(ID, ref)).toEqual(envelope);
    expect(statSync(fileOf('10-plan.1.json')).mode & 0o777).toBe(0o600);
    expect(statSync(fileOf('.')).mode & 0o777).toBe(0o700);
    expect(readdirSync(fileOf('.'))).toEqual(['10-plan.1.json']);
  });

  test('may be bytes of any kind in folders of any depth, and is listed with its size in order', async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251);
    const ref = await dossier.writeText(ID, 'evidence/1/deep/test.log', bytes);
    await dossier.writeText(ID, 'report.md', 'é');
    await dossier.writeText(ID, 'parts/2/w1.1.json', '');
    const found = await dossier.read(ID, 'evidence/1/deep/test.log');
    expect(found?.ref).toEqual(ref);
    expect(found?.bytes.equals(bytes)).toBe(true);
    expect(await dossier.list(ID)).toEqual([
      { path: 'evidence/1/deep/test.log', bytes: 3_000_000 },
      { path: 'parts/2/w1.1.json', bytes: 0 },
      { path: 'report.md', bytes: 2 },
    ]);
    expect(await dossier.list(threadOf(2))).toEqual([]);
  });

  test('that is written again replaces the one before as a whole', async () => {
    const first = await dossier.writeText(ID, 'report.md', 'x'.repeat(1000));
    const second = await dossier.writeText(ID, 'report.md', 'short');
    expect(readFileSync(fileOf('report.md'), 'utf8')).toBe('short');
    expect(second.sha256).not.toBe(first.sha256);
  });

  test('that is not there is undefined; so is a folder', async () => {
    expect(await dossier.read(ID, 'none.json')).toBeUndefined();
    await dossier.writeText(ID, 'parts/1/a.json', '');
    expect(await dossier.read(ID, 'parts/1')).toBeUndefined();
  });
});

describe('a pointer', () => {
  test('to a file that is gone is HANDOFF_MISSING and names the path and the digest', async () => {
    const ref = await dossier.writeJson(ID, '10-plan.1.json', envelopeOf({}));
    rmSync(fileOf('10-plan.1.json'));
    await expect(dossier.readVerified(ID, ref)).rejects.toMatchObject(stop('HANDOFF_MISSING', '10-plan.1.json', ref.sha256));
  });

  test.each<[string, (file: string) => void]>([
    ['edited', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('one', 'two'))],
    ['longer by a space', (file) => writeFileSync(file, `${readFileSync(file, 'utf8')} `)],
    ['cut', (file) => truncateSync(file, 20)],
    ['empty', (file) => truncateSync(file, 0)],
    ['a link to another file', (file) => linked(file)],
  ])('to a file that is %s is STATE_TAMPERED and names both digests', async (_title, tamper) => {
    const ref = await dossier.writeJson(ID, '10-plan.1.json', envelopeOf({ summary: 'one' }));
    tamper(fileOf('10-plan.1.json'));
    const now = createHash('sha256')
      .update(readFileSync(fileOf('10-plan.1.json')))
      .digest('hex');
    await expect(dossier.readVerified(ID, ref)).rejects.toMatchObject(stop('STATE_TAMPERED', '10-plan.1.json', now, ref.sha256));
  });

  test('to another version of the file is STATE_TAMPERED, and to the one that is there is read', async () => {
    const first = await dossier.writeJson(ID, '10-plan.1.json', envelopeOf({ summary: 'one' }));
    const second = await dossier.writeJson(ID, '10-plan.1.json', envelopeOf({ summary: 'two' }));
    await expect(dossier.readVerified(ID, first)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
    expect((await dossier.readVerified(ID, second)).body).toEqual({ summary: 'two' });
  });

  test.each([
    ['no JSON', 'no JSON at all', 'is not JSON'],
    ['of another thread', JSON.stringify({ ...envelopeOf({}), thread_id: threadOf(2) }), 'no hand-over file of thread'],
    ['without inputs', JSON.stringify({ ...envelopeOf({}), inputs: undefined }), 'no hand-over file of thread'],
    ['of no kind', JSON.stringify({ ...envelopeOf({}), kind: 7 }), 'no hand-over file of thread'],
  ])('with the right digest of a file that is %s is STATE_TAMPERED all the same', async (_title, text, problem) => {
    const ref = await dossier.writeText(ID, '10-plan.1.json', text);
    await expect(dossier.readVerified(ID, ref)).rejects.toMatchObject(stop('STATE_TAMPERED', '10-plan.1.json', problem));
  });
});

describe('a path', () => {
  const paths = ['', '.', '..', '../x', 'a/../../x', 'a/..', './a', 'a//b', 'a/', 'a/.', '/etc/passwd', `../${threadOf(2)}/report.md`];
  test.each(paths)('%j does not leave the dossier, to read or to write', async (path) => {
    await dossier.writeText(threadOf(2), 'report.md', 'theirs');
    mkdirSync(fileOf('a'), { recursive: true });
    const before = readdirSync(home.folder, { recursive: true, encoding: 'utf8' }).toSorted();
    const refused = { name: 'StopError', message: expect.stringContaining('must stay inside the dossier') };
    await expect(dossier.writeText(ID, path, 'mine')).rejects.toMatchObject(refused);
    await expect(dossier.writeJson(ID, path, envelopeOf({}))).rejects.toMatchObject(refused);
    await expect(dossier.read(ID, path)).rejects.toMatchObject(refused);
    await expect(dossier.readVerified(ID, { path, sha256: '' })).rejects.toMatchObject(refused);
    expect(readdirSync(home.folder, { recursive: true, encoding: 'utf8' }).toSorted()).toEqual(before);
  });

  test.each(['', '..', '../../etc', 'short', `${threadOf(1)}/..`, threadOf(1).replace('4', 'Z')])(
    'in thread %j is refused: that is no thread id',
    async (threadId) => {
      const refused = { name: 'StopError', message: expect.stringContaining('is not a thread id') };
      await expect(dossier.writeText(threadId, 'x', 'mine')).rejects.toMatchObject(refused);
      await expect(dossier.read(threadId, 'governor.sqlite')).rejects.toMatchObject(refused);
      await expect(dossier.list(threadId)).rejects.toMatchObject(refused);
      expect(() => dossier.folder(threadId)).toThrow('is not a thread id');
      expect(readdirSync(home.folder)).toEqual([]);
    },
  );

  test('with dots in its name is just a name', async () => {
    const ref = await dossier.writeText(ID, 'evidence/1/..log', 'text');
    expect((await dossier.read(ID, ref.path))?.bytes.toString()).toBe('text');
  });
});

describe('a write that did not end', () => {
  test('leaves the file before it, and what it left half-done is neither read nor listed, and is in nobody’s way', async () => {
    const ref = await dossier.writeText(ID, 'report.md', 'before');
    for (const name of [`report.md.${process.pid}.tmp`, 'report.md.99999.tmp']) writeFileSync(fileOf(name), 'half of wh');
    expect(await dossier.list(ID)).toEqual([{ path: 'report.md', bytes: 6 }]);
    expect((await dossier.read(ID, 'report.md'))?.ref).toEqual(ref);
    await dossier.writeText(ID, 'report.md', 'after');
    expect(readFileSync(fileOf('report.md'), 'utf8')).toBe('after');
    expect(existsSync(fileOf(`report.md.${process.pid}.tmp`))).toBe(false);
  });

  test.each(['before', 'inside'])('because of a fault %s its rename keeps the file before it and leaves nothing', async (moment) => {
    await dossier.writeText(ID, 'report.md', 'before');
    onFailpoint((point) => {
      if (point === `file:report.md:${moment}`) throw new Error('fault');
    });
    await expect(dossier.writeText(ID, 'report.md', 'after')).rejects.toThrow('fault');
    expect(readdirSync(fileOf('.'))).toEqual(['report.md']);
    expect(readFileSync(fileOf('report.md'), 'utf8')).toBe('before');
  });

  test('because a folder is in its place leaves nothing either', async () => {
    mkdirSync(fileOf('report.md/inner'), { recursive: true });
    await expect(dossier.writeText(ID, 'report.md', 'text')).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|ENOTEMPTY/) });
    expect(readdirSync(fileOf('.'))).toEqual(['report.md']);
  });
});

function linked(file: string): void {
  const other = `${file}.other`;
  writeFileSync(other, 'another text');
  rmSync(file);
  symlinkSync(other, file);
}
