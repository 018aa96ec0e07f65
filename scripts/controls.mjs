/**
 * The controls that guard: what each forbids, the piece of source that does it, the same piece switched off, and a test that must fail
 * then. `scripts/controls-off.mjs` tries them all.
 */

/** @typedef {{ readonly name: string, readonly file: string, readonly on: string, readonly off: string, readonly test: string }} Control */

/** @type {(name: string, file: string, change: { readonly on: string, readonly off: string }, test: string) => Control} */
const control = (name, file, { on, off }, test) => ({ name, file, on, off, test });

const CHECKS = 'nodes/review/checks';

/** @type {readonly Control[]} */
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
    { on: 'return [...keys, ...secretLiterals(text)];', off: 'return [];' },
    'test/tools/secrets.test.ts',
  ),
  control(
    'known values in candidates block',
    `${CHECKS}/secrets.ts`,
    { on: 'doors.knownIn(text)', off: '[]' },
    `test/${CHECKS}/secrets.test.ts`,
  ),
  control(
    'a scanner cannot be switched off by a comment',
    'tools/secrets.ts',
    { on: "return words.replace(/secretlint-(?:disable|enable)[a-z-]*/g, 'x');", off: 'return words;' },
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
    'a foreign page may not call',
    'server/http/origin.ts',
    { on: 'if (!allowed && !SAFE.includes(c.req.method))', off: 'if (!allowed && c.req.method === "")' },
    'test/server/http/origin.test.ts',
  ),
  control(
    'a rebound name may not call',
    'server/http/origin.ts',
    { on: 'if (name === undefined || !isOurHost(name))', off: 'if (name === undefined)' },
    'test/server/http/origin.test.ts',
  ),
  control(
    'a key is known by its secret',
    'server/auth/keys.ts',
    { on: 'if (row === undefined || !same || row.revokedAt !== null)', off: 'if (row === undefined || row.revokedAt !== null)' },
    'test/server/auth/authenticator.test.ts',
  ),
  control(
    'a webhook goes to no private address',
    'server/webhooks/webhook-target.ts',
    { on: '10.0.0.0/8 100.64.0.0/10', off: '100.64.0.0/10' },
    'test/server/webhooks/webhooks.test.ts',
  ),
  control(
    'a server without a key answers only its own user',
    'server/auth/local-user.ts',
    { on: 'return uid === ownUid ? undefined', off: 'return true ? undefined' },
    'test/server/auth/local-user.test.ts',
  ),
  control(
    'a socket that was closed is nobody’s, whatever uid it shows',
    'server/auth/socket-table.ts',
    { on: 'row.inode !== 0)', off: 'row.inode !== -1)' },
    'test/server/auth/socket-table.test.ts',
  ),
  control(
    'a connection that was reset is not taken for the next with its port',
    'server/auth/peer.ts',
    { on: 'return isConnected(peer) ? uid : undefined', off: 'return true || isConnected(peer) ? uid : undefined' },
    'test/server/auth/socket-table.test.ts',
  ),
  control(
    'a command has a network of its own',
    'tools/bwrap-arguments.ts',
    { on: "    '--unshare-net',\n", off: '' },
    'test/tools/canaries.test.ts',
  ),
  control(
    'system calls are filtered',
    'tools/bwrap-arguments.ts',
    { on: "hasFilter ? ['--seccomp', '3'] : []", off: '[]' },
    'test/tools/canaries.test.ts',
  ),
  control(
    'calls that attack the kernel are refused',
    'tools/sandbox/seccomp.ts',
    { on: 'call(numbers[architecture], [answer(refuse(EPERM))])', off: 'call(numbers[architecture], [answer(ALLOW)])' },
    'test/tools/sandbox/seccomp.test.ts',
  ),
  control(
    'descriptors of who started the governor are closed',
    'tools/bwrap-arguments.ts',
    { on: 'entered(request, inherited)', off: 'entered(request, [])' },
    'test/tools/sandbox-attack.test.ts',
  ),
  control(
    'a process has a limit of memory',
    'tools/sandbox/limits.ts',
    { on: 'limits.memoryMiB * MIB', off: '2 ** 50' },
    'test/tools/sandbox-attack.test.ts',
  ),
  control(
    'each run has a user of its own',
    'tools/sandbox/user.ts',
    { on: 'if (run === undefined) return first;', off: 'return first;' },
    'test/tools/sandbox/user.test.ts',
  ),
  control(
    'setup asks allowed hosts alone',
    'tools/sandbox/egress-rules.ts',
    { on: 'if (allowed.some(', off: 'if (host || allowed.some(' },
    'test/tools/sandbox/egress-rules.test.ts',
  ),
  control(
    'setup connects to judged addresses alone',
    'tools/sandbox/egress-proxy.ts',
    { on: 'if (wrong !== undefined)', off: 'if (wrong === null)' },
    'test/tools/sandbox/egress-proxy.test.ts',
  ),
  control(
    'what was judged is connected to',
    'tools/sandbox/egress-proxy.ts',
    { on: '{ host: address, port }', off: '{ host: (await (this.#options.resolve ?? resolveByMachine)(host))[0] ?? address, port }' },
    'test/tools/sandbox/egress-proxy.test.ts',
  ),
  control(
    'a mount comes from inside its root',
    'tools/mounts.ts',
    { on: 'if (inside === undefined)', off: "if (real === '')" },
    'test/tools/mounts.test.ts',
  ),
  control(
    'what is mounted is what was checked',
    'tools/bwrap-arguments.ts',
    { on: '= "$known" ]', off: '= "$known" ] || true' },
    'test/tools/mounts.test.ts',
  ),
  control(
    'nothing stands in the place of a mount',
    'tools/mounts.ts',
    { on: 'if (there !== undefined) throw', off: 'if (there === null) throw' },
    'test/tools/mounts.test.ts',
  ),
  control('setup makes no link out', 'tools/prepare.ts', { on: '      assertNoLinkOut(out);\n', off: '' }, 'test/tools/prepare.test.ts'),
  control('one setup serves one repository and base', 'tools/prepare.ts', { on: '...from,', off: '' }, 'test/tools/prepare.test.ts'),
  control(
    'of Node its own files alone are shown',
    'tools/sandbox/node-install.ts',
    { on: "...['--ro-bind', binary, join(bin, 'node')],", off: "...['--ro-bind', dirname(bin), dirname(bin)]," },
    'test/tools/sandbox/node-install.test.ts',
  ),
];
