/** What one person said at a gate. */
export interface Vote {
  readonly by: { readonly id: string; readonly role: string; readonly method: string };
  readonly decision: 'approved' | 'edited' | 'rejected';
  readonly comment: string;
  /** The edited plan, for `edited`. */
  readonly edit?: unknown;
  /** For the budget gate. */
  readonly addMicroUsd?: number;
  /** At the release gate: the ids of the findings that this person lets pass. */
  readonly waive?: readonly string[];
  readonly selfApproved: boolean;
  readonly at: string;
}
