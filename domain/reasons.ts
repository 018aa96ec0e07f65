/** The closed list of reason codes, with what each means and what a person can do next. */

interface ReasonEntry {
  readonly meaning: string;
  readonly resumable: boolean;
  /** The command to print; `<thread>` is filled in. */
  readonly next: string;
}

const look = 'governor explain <thread>';
const again = 'governor run "<goal>" --repo <dir>';
const resume = 'governor resume <thread>';
const hint = resume + ' --comment "what to do instead"';

/** The reason codes (`docs/contract.md`, "Reason codes"). A run that stops has exactly one; refusals inside a run are events with one. */
export const REASONS = {
  CONTRACT_VIOLATION: {
    meaning: 'a role handed over something its contract does not allow, three times in a row',
    resumable: false,
    next: again,
  },
  PLAN_REJECTED: { meaning: 'a person rejected the plan and no planning round is left', resumable: false, next: again },
  BASELINE_FAILED: {
    meaning: 'a check already fails on the base commit, before any change',
    resumable: false,
    next: 'fix the check on the base, or set checks[].baseline: allow, then ' + again,
  },
  NO_CHECKS: { meaning: 'no check is configured, so only a person can judge the change', resumable: false, next: 'governor init' },
  BUILDER_NO_ARTIFACT: { meaning: 'the builder said it was done, but the tree did not change', resumable: false, next: look },
  BUILDER_BLOCKED: { meaning: 'the builder cannot go on and says what is missing', resumable: true, next: hint },
  ARTIFACT_MISMATCH: { meaning: 'a declared file is absent from the tree or differs from its digest', resumable: false, next: look },
  MERGE_CONFLICT: { meaning: 'parallel work could not be merged', resumable: false, next: look },
  OUT_OF_SCOPE: { meaning: 'the change touches paths outside the plan or is larger than scope allows', resumable: false, next: look },
  PATH_DENIED: { meaning: 'a path is denied by policy or is not a legal path', resumable: false, next: look },
  FILE_UNSTORABLE: {
    meaning: 'a changed file cannot be stored as the .gitattributes of the base demand',
    resumable: true,
    next: resume,
  },
  NO_PROGRESS: { meaning: 'an agent learned nothing new, or the review found the same again', resumable: true, next: hint },
  STEP_LIMIT: { meaning: 'an agent used all its steps, or the run all its calls', resumable: true, next: resume + ' --add-calls 50' },
  AGENT_LIMIT: { meaning: 'no further sub-agent is allowed in this run', resumable: false, next: look },
  DEPTH_EXCEEDED: { meaning: 'sub-agents may not delegate this deep', resumable: false, next: look },
  BUDGET_EXHAUSTED: { meaning: 'the money or tokens of the run are used up', resumable: true, next: resume + ' --add-usd 1' },
  BUDGET_REFUSED: {
    meaning: 'a call was refused because its worst case does not fit the remaining budget, or a fan-out what may be delegated freely',
    resumable: false,
    next: look,
  },
  TIME_LIMIT: { meaning: 'the machine time of the run is used up', resumable: true, next: resume + ' --add-time 30m' },
  CONTEXT_EXCEEDED: {
    meaning: 'the smallest possible request does not fit the model window',
    resumable: true,
    next: resume + ' --model NAME',
  },
  OUTPUT_TRUNCATED: { meaning: 'the model hit its output limit repeatedly', resumable: false, next: 'raise limits.maxOutputTokens' },
  CHECK_FAILED: { meaning: 'a check failed on the candidate', resumable: false, next: look },
  CHECK_ERROR: { meaning: 'a check could not be run', resumable: false, next: look },
  TESTS_WEAKENED: { meaning: 'the change removes, skips or empties tests or changes how they run', resumable: false, next: look },
  BASE_TEST_FAILS: {
    meaning: 'a test that passes on the base does not pass on the candidate, or cannot fail there',
    resumable: false,
    next: look,
  },
  CHECK_INPUT_CHANGED: { meaning: 'the change touches what a check goes by, such as the rules of a linter', resumable: false, next: look },
  SECRET_FOUND: {
    meaning: 'the change contains something that looks like a secret, or has a mask where one stood',
    resumable: false,
    next: look,
  },
  RED_LINE: {
    meaning: 'the change touches a protected path and needs the named approval',
    resumable: false,
    next: 'governor approve <thread>',
  },
  CITATION_INVALID: { meaning: 'a citation does not stand in the named version of the document', resumable: false, next: look },
  REVIEW_REJECTED: { meaning: 'the review rejected the change outright', resumable: false, next: look },
  REVIEW_EXHAUSTED: { meaning: 'the review rounds are used up and findings are still open', resumable: true, next: hint },
  APPROVAL_REJECTED: { meaning: 'a person rejected the release and no rework round is left', resumable: false, next: again },
  APPROVAL_STALE: { meaning: 'what was approved is not what would be released', resumable: false, next: look },
  APPROVAL_EXPIRED: { meaning: 'the approval was given too long ago', resumable: false, next: 'governor approve <thread>' },
  APPROVER_NOT_ALLOWED: { meaning: 'this person may not give this approval', resumable: false, next: 'governor approvals' },
  HANDOFF_MISSING: { meaning: 'a file that an earlier stage handed over is missing', resumable: false, next: look },
  STATE_TAMPERED: {
    meaning: 'a hand-over file or transcript differs from what was recorded',
    resumable: false,
    next: 'governor audit verify',
  },
  DEFINITION_CHANGED: {
    meaning: 'the pipeline, configuration or policy is not the one this run started with',
    resumable: false,
    next: resume + ' --migrate',
  },
  BASE_MOVED: { meaning: 'the target branch moved and the change conflicts with it', resumable: true, next: resume },
  UNGUARDED_SAVER: {
    meaning: 'the server that steps this thread keeps its checkpoints without the guarantees that a release stands on',
    resumable: true,
    next: resume,
  },
  TARGET_DIRTY: {
    meaning: 'the target branch is checked out, and something of a person is in the way',
    resumable: true,
    next: 'clear what the message names, then ' + resume,
  },
  DEPLOY_FAILED: { meaning: 'the release target refused the change', resumable: false, next: look },
  DEPLOY_UNCERTAIN: { meaning: 'it is unknown whether the target took the change', resumable: false, next: look },
  VERIFY_FAILED: { meaning: 'the released commit failed its verification and was rolled back', resumable: false, next: look },
  ROLLBACK_CONFLICT: { meaning: 'the release cannot be undone without a conflict', resumable: false, next: look },
  THREAD_BUSY: { meaning: 'another process is running this thread', resumable: false, next: 'governor watch <thread>' },
  PROVIDER_UNAVAILABLE: { meaning: 'the model endpoint did not answer', resumable: true, next: resume },
  PROVIDER_REFUSED: {
    meaning: 'the model or its endpoint refused the request; check the key, the model name and the endpoint (governor doctor)',
    resumable: true,
    next: resume,
  },
  SCRIPT_MISS: { meaning: 'the offline script has no reply for this request', resumable: false, next: look },
  SANDBOX_UNAVAILABLE: { meaning: 'no sandbox can run here, so no command was run', resumable: true, next: 'governor doctor' },
  MOUNT_REFUSED: {
    meaning: 'a folder that commands need cannot be mounted as configured: it is gone, leads elsewhere, or something stands in its place',
    resumable: true,
    next: 'mend what the message names, then ' + resume,
  },
  DISK_LIMIT: { meaning: 'the disk or the size limit of a work tree is full', resumable: true, next: resume },
  CANCELLED: { meaning: 'a person cancelled the run', resumable: true, next: resume },
  INTERNAL: { meaning: 'a defect in Governor itself; the files and the ledger are intact', resumable: true, next: resume },
} as const satisfies Record<string, ReasonEntry>;

/** One of the frozen reason codes. */
export type ReasonCode = keyof typeof REASONS;

/** True for a word that is a reason code. */
export function isReasonCode(word: string): word is ReasonCode {
  return Object.hasOwn(REASONS, word);
}

/** The entry of a code, widened. */
export function reasonOf(code: ReasonCode): ReasonEntry {
  return REASONS[code];
}
