/**
 * The controls that guard: what each forbids, the piece of source that does it, the same piece switched off, and a test that must fail
 * then. `scripts/controls-off.mjs` tries them all.
 */
import { control } from './control.mjs';
import { SANDBOX_CONTROLS } from './controls-sandbox.mjs';
import { SERVER_CONTROLS } from './controls-server.mjs';

const CHECKS = 'nodes/review/checks';

/** @type {readonly import('./control.mjs').Control[]} */
export const CONTROLS = [
  control(
    'what passes on the base passes by name',
    `${CHECKS}/base/gaps.ts`,
    { on: "if (passed.has(keys[index] ?? '')) continue;", off: 'if (passed !== undefined) continue;' },
    `test/${CHECKS}/base-tests-named.test.ts`,
  ),
  control(
    'a test that must fail fails',
    `${CHECKS}/base/gaps.ts`,
    { on: '!red.has(file) && ran.has(file)', off: '!red.has(file) && !ran.has(file)' },
    `test/${CHECKS}/base-tests-named.test.ts`,
  ),
  control(
    'files of tests are read-only while checks run',
    'nodes/checks.ts',
    { on: 'files.slice(0, MAX_READ_ONLY)', off: 'files.slice(0, MAX_READ_ONLY - MAX_READ_ONLY)' },
    `test/${CHECKS}/base-tests-named.test.ts`,
  ),
  control(
    'a number of tests that falls is told',
    `${CHECKS}/base-tests.ts`,
    { on: 'tests.candidate < tests.base', off: 'tests.candidate < 0' },
    `test/${CHECKS}/base-tests-counted.test.ts`,
  ),
  control(
    'a link above a denied place is refused',
    `${CHECKS}/deny.ts`,
    { on: 'isAbove(path) && !matches(path)', off: 'isAbove(path) && matches(path)' },
    `test/${CHECKS}/deny.test.ts`,
  ),
  control(
    'denied paths are refused',
    `${CHECKS}/deny.ts`,
    { on: '.filter(matches)', off: '.filter(() => false)' },
    `test/${CHECKS}/deny.test.ts`,
  ),
  control(
    'a link out of the tree is refused',
    `${CHECKS}/links.ts`,
    { on: "if (target.startsWith('/')) return true;", off: '' },
    `test/${CHECKS}/deny.test.ts`,
  ),
  control(
    'a sub-repository is refused',
    `${CHECKS}/deny.ts`,
    { on: "if (change.mode === '160000')", off: 'if (change.mode === undefined)' },
    `test/${CHECKS}/deny.test.ts`,
  ),
  control(
    'red lines see both sides of a rename',
    `${CHECKS}/check.ts`,
    { on: '[change.path, change.from]', off: '[change.path]' },
    `test/${CHECKS}/red-lines.test.ts`,
  ),
  control(
    'red lines hold by default',
    'tools/red-lines.ts',
    { on: '...(own.length > 0 ? [] : byDefault(path))', off: '...byDefault(path).slice(9)' },
    `test/${CHECKS}/red-lines.test.ts`,
  ),
  control(
    'what CODEOWNERS owns is behind a red line',
    'tools/red-lines.ts',
    { on: '...(owned?.of(path) ?? [])', off: '...(owned?.of(path).slice(9) ?? [])' },
    `test/${CHECKS}/red-lines.test.ts`,
  ),
  control(
    'a lock file takes no package from elsewhere unseen',
    `${CHECKS}/red-lines.ts`,
    { on: 'if (moved.length > 0)', off: 'if (moved.length > 99)' },
    `test/${CHECKS}/red-lines.test.ts`,
  ),
  control(
    'rules ignore case and Unicode form',
    'domain/patterns.ts',
    { on: "text.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')", off: 'text' },
    'test/domain/patterns.test.ts',
  ),
  control(
    'what a check goes by is told',
    `${CHECKS}/check-inputs.ts`,
    { on: 'return what === undefined ? []', off: 'return true ? []' },
    `test/${CHECKS}/check-inputs.test.ts`,
  ),
  control(
    'only planned paths may change',
    `${CHECKS}/scope.ts`,
    { on: 'pathsOutside(plan, changes)', off: 'pathsOutside(plan, [])' },
    `test/${CHECKS}/scope.test.ts`,
  ),
  control(
    'secrets in candidates block',
    'tools/secrets.ts',
    { on: 'return [...keys, ...keyStoresIn(text), ...secretLiterals(text)];', off: 'return [];' },
    'test/tools/secrets.test.ts',
  ),
  control(
    'known values in candidates block',
    `${CHECKS}/secrets.ts`,
    { on: 'doors.knownIn(text)', off: '[]' },
    `test/${CHECKS}/secrets.test.ts`,
  ),
  control(
    'what is encoded is looked through too',
    'tools/secrets.ts',
    { on: 'encoded === undefined ? [plain] : [plain, cleaned(encoded)]', off: '[plain]' },
    'test/tools/secrets.test.ts',
  ),
  control(
    'a scanner cannot be switched off by a comment',
    'tools/secrets.ts',
    { on: "return plain.replace(/secretlint-(?:disable|enable)[a-z-]*/g, 'x');", off: 'return plain;' },
    'test/tools/secrets.test.ts',
  ),
  control(
    'no file name ends the process in the scanner’s profiler',
    'tools/secretlint.ts',
    { on: 'secretLintProfiler.mark = () => undefined;', off: '' },
    'test/tools/secrets.test.ts',
  ),
  control(
    'known values are masked in answers',
    'models/door/masked-answer.ts',
    { on: 'text: mask(text),', off: 'text,' },
    'test/models/door/masked-answer.test.ts',
  ),
  control(
    'overlapping secrets are masked to their ends',
    'tools/redact.ts',
    { on: 'if (end <= upTo) continue;', off: 'if (start < upTo) continue;' },
    'test/tools/redact.test.ts',
  ),
  control(
    'a goal holds no key',
    'runtime/goal.ts',
    { on: 'if (rule === undefined) return;', off: 'if (rule !== null) return;' },
    'test/runtime/goal.test.ts',
  ),
  control(
    'a role has its own tools alone',
    'tools/door/permit.ts',
    { on: 'if (!roleHasTool(role, name) || narrowed)', off: 'if (narrowed)' },
    'test/tools/door.test.ts',
  ),
  control(
    'a task writes its own paths alone',
    'tools/door/permit.ts',
    { on: 'if (outside !== undefined)', off: 'if (outside === null)' },
    'test/tools/door.test.ts',
  ),
  control(
    'file tools follow no link on the way',
    'tools/paths.ts',
    { on: 'else if (stat.isSymbolicLink())', off: 'else if (stat.isFIFO())' },
    'test/tools/paths.test.ts',
  ),
  control(
    'file tools write no hard link',
    'tools/paths.ts',
    { on: 'if (stat.nlink > 1)', off: 'if (stat.nlink > 99)' },
    'test/tools/paths.test.ts',
  ),
  control(
    'a stale lease writes nothing',
    'checkpoints/fence.ts',
    { on: 'row.epoch !== fence.epoch', off: 'row.epoch < 0' },
    'test/checkpoints/runs.test.ts',
  ),
  control(
    'a cap refuses what does not fit',
    'checkpoints/ledger.ts',
    { on: 'yield* run(TAKE, [threadId, account.id, ...values])) === 1', off: 'yield* run(TAKE, [threadId, account.id, ...values])) >= 0' },
    'test/checkpoints/ledger.test.ts',
  ),
  control(
    'one person votes once',
    'checkpoints/approvals.ts',
    { on: 'other.by.id === given.by.id', off: 'other.by.id === ""' },
    'test/conformance/sqlite.test.ts',
  ),
  control(
    'a vote is for the subject that was shown',
    'checkpoints/approvals.ts',
    { on: 'if (row.subject.digest !== digest)', off: 'if (row.subject.digest === "")' },
    'test/conformance/sqlite.test.ts',
  ),
  control(
    'an approval is used once',
    'checkpoints/approvals.ts',
    { on: 'if (row.usedBy !== null) return row.usedBy === key;', off: '' },
    'test/conformance/sqlite.test.ts',
  ),
  control(
    'a row without its records is no consent',
    'nodes/deploy/proven.ts',
    { on: 'if (problem !== undefined)', off: 'if (problem === null)' },
    'test/nodes/deploy/proven.test.ts',
  ),
  control(
    'each open finding is waived',
    'nodes/deploy/consent.ts',
    { on: 'if (missing.length > 0)', off: 'if (missing.length < 0)' },
    'test/nodes/deploy/consent.test.ts',
  ),
  control(
    'what is no checkpoint is not taken for a new thread',
    'checkpoints/saver/guarded-saver.ts',
    { on: 'if (tuple !== undefined) assertCheckpoint(tuple.checkpoint);', off: '' },
    'test/checkpoints/saver/readable.test.ts',
  ),
  control(
    'an edited audit record is found',
    'checkpoints/audit/verify.ts',
    { on: "if (row.hash !== chainHash(hash, row.number, row.body)) return 'its text was changed';", off: '' },
    'test/checkpoints/audit/audit.test.ts',
  ),
  control(
    'a trail that was written anew is found by its key',
    'checkpoints/audit/signer.ts',
    { on: 'timingSafeEqual(given, right)', off: 'true' },
    'test/checkpoints/audit/signer.test.ts',
  ),
  control(
    'a cut or older home is found by its published heads',
    'checkpoints/audit/audit.ts',
    { on: 'if (found?.hash === hash) continue;', off: 'continue;' },
    'test/checkpoints/audit/proof.test.ts',
  ),
  control(
    'a hand-over file is what was recorded',
    'checkpoints/dossier.ts',
    { on: 'if (found.ref.sha256 !== ref.sha256)', off: 'if (found.ref.sha256 === "")' },
    'test/checkpoints/dossier.test.ts',
  ),
  control(
    'who may not decide does not',
    'runtime/decide/decide.ts',
    { on: "if (allowed.kind === 'deny')", off: 'if (allowed.kind === undefined)' },
    'test/server/governed/admit-attack.test.ts',
  ),
  control(
    'sub-agents have a number',
    'nodes/build/delegate.ts',
    { on: 'if (used + tasks.length > limits.agents)', off: 'if (used + tasks.length > 1e9)' },
    'test/story/depth.test.ts',
  ),
  control(
    'sub-agents have a depth',
    'tools/door/permit.ts',
    { on: 'roleHasTool(role, name) && depthLeft < 1)', off: 'roleHasTool(role, name) && depthLeft < -9)' },
    'test/tools/door.test.ts',
  ),
  control(
    'an older home releases nothing twice',
    'nodes/deploy/older-home.ts',
    {
      on: "if (unknown.length > 0) throw new StopError('HOME_OUTDATED'",
      off: "if (unknown.length > 99) throw new StopError('HOME_OUTDATED'",
    },
    'test/story/older-home.test.ts',
  ),
  control(
    'file tools write nothing into a submodule',
    'tools/stored-files.ts',
    { on: 'for (const name of changes.keys()) assertNoSubmodule(context, name);', off: '' },
    'test/tools/submodule-files.test.ts',
  ),
  control(
    'the link of a submodule goes with its section alone',
    'tools/trees/submodule-links.ts',
    { on: '!now.has(path) && at.get(path)', off: 'at.get(path)' },
    'test/tools/trees/snapshot.test.ts',
  ),
  control(
    'nothing is stored raw that a filter of the base would change',
    'tools/trees/convert.ts',
    { on: "if (filter === undefined || filter === 'lfs') return;", off: 'if (filter !== null) return;' },
    'test/tools/trees/convert-lfs.test.ts',
  ),
  control(
    'a link above a red line is behind it',
    `${CHECKS}/red-lines.ts`,
    { on: '[mode, old_mode].includes(LINK_MODE)', off: '[mode, old_mode].includes(undefined)' },
    `test/${CHECKS}/red-lines.test.ts`,
  ),
  control(
    'a PKCS#12 file with a key is a secret',
    'tools/key-stores.ts',
    { on: 'if (version === undefined || !startsAt(content, VERSION, version)) return false;', off: 'if (version !== null) return false;' },
    'test/tools/key-stores.test.ts',
  ),
  control(
    'a large file is not read whole for a difference',
    'tools/masked-patch.ts',
    { on: 'largeChanges(from, to, MAX_SHOWN_BYTES)', off: 'largeChanges(from, to, 99 * MAX_SHOWN_BYTES)' },
    'test/tools/masked-patch.test.ts',
  ),
  ...SANDBOX_CONTROLS,
  ...SERVER_CONTROLS,
];
