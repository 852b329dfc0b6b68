/** What the toy world begins with. */
export type Scene = "quiet" | "lively" | "empty" | "single" | "many" | "full" | "trouble" | "first" | "call" | "eight";

export const PORTS: Record<Scene, number> = { quiet: 2, lively: 2, empty: 0, single: 1, many: 32, full: 64, trouble: 4, first: 2, call: 2, eight: 8 };

/** Scenes in which a recorded minute goes round on every line. */
export const RECORDED: readonly Scene[] = ["call", "eight"];

/** Calls that were there before the world began. */
export const CALLS: Record<Scene, number> = {
  quiet: 0,
  lively: 100_000,
  empty: 0,
  single: 40,
  many: 100_000,
  full: 100_000,
  trouble: 1200,
  first: 0,
  call: 40,
  eight: 40,
};
