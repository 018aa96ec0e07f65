/** What LangGraph throws to itself must pass every door untouched; known by name, so that tools need no graph library. */

const NAMES = new Set(['GraphInterrupt', 'NodeInterrupt', 'GraphBubbleUp', 'ParentCommand']);

/** True for LangGraph's own control flow. */
export function isGraphInterruptLike(thrown: unknown): boolean {
  return thrown instanceof Error && (NAMES.has(thrown.name) || 'is_bubble_up' in thrown);
}
