/** The guard of a toy world: in a lively one a guesser, a scanner and a registered telephone with an old password came by. */
import type { BanView, DroppedView, GuardView } from "../types";

const NOBODY: GuardView = { bans: [], sources: [], dropped: 0, crowded: 0 };

export class ToyGuard {
  #bans: readonly BanView[];
  readonly #sources: readonly DroppedView[];

  constructor(visited: boolean, at_ms: number) {
    const minutes = (n: number): number => n * 60_000;
    this.#bans = visited
      ? [
          { source: "198.51.100.77", reason: "wrong_secrets", effect: "silenced", since_ms: at_ms - minutes(12), until_ms: at_ms + minutes(68), times: 3 },
          { source: "2001:db8:85a3:8d3::/64", reason: "scanner", effect: "silenced", since_ms: at_ms - minutes(1), until_ms: at_ms + minutes(3), times: 3 },
          { source: "192.0.2.31", reason: "wrong_secrets", effect: "slowed", since_ms: at_ms - minutes(2), until_ms: at_ms + minutes(3), times: 1 },
        ]
      : [];
    this.#sources = visited
      ? [
          { source: "203.0.113.9", peer: false, dropped: 18_204, last_ms: at_ms - minutes(4) },
          { source: "192.0.2.31", peer: true, dropped: 41, last_ms: at_ms - minutes(1) },
        ]
      : [];
  }

  view(at_ms: number): GuardView {
    const bans = this.#bans.filter(({ until_ms }) => at_ms < until_ms);
    const dropped = this.#sources.reduce((sum, one) => sum + one.dropped, 0);
    return { ...NOBODY, bans, sources: [...this.#sources], dropped };
  }

  lift(source: string): void {
    this.#bans = this.#bans.filter((ban) => ban.source !== source);
  }
}
