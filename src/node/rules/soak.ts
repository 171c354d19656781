/** Numbers of the reference node that show only over time. The documents demand durability (OPS-005, OPS-012); the rest is sound practice. */

export interface SoakRules {
  /** Milliseconds an answer waits for nothing, from the node's monotonic time in milliseconds. */
  readonly answerDelayMs: (monoMs: number) => number;
  /** Latest events that are gone when the log is opened again (OPS-005: none). */
  readonly eventsLostOnOpen: number;
}

export const soakRules: SoakRules = {
  answerDelayMs: () => 0,
  eventsLostOnOpen: 0,
};
