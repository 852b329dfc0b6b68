/** The test of a line profile: its checks are tried one after the other, until all were or a person has seen enough. */
import type { ProfileTests } from "../ipc/profile_tests";
import type { ProfileCheck, ProfileResult } from "../ipc/types";

/** `unanswered`: the program did not answer in the middle of it. */
export type ProfileTestPhase = "none" | "running" | "done" | "cancelled" | "unanswered";

export class ProfileTest {
  phase: ProfileTestPhase = $state("none");
  checks: readonly ProfileCheck[] = $state.raw([]);
  /** What came out, in the order of the checks; shorter than they are while not all were tried. */
  results: readonly ProfileResult[] = $state.raw([]);

  readonly failed: readonly ProfileResult[] = $derived(this.results.filter(({ passed }) => !passed));
  readonly passed: number = $derived(this.results.length - this.failed.length);
  /** Which test is the one that counts: an answer to one before it is dropped. */
  #round = 0;

  /** Tries everything that the profile of a country promises. */
  async run(program: ProfileTests, code: string): Promise<void> {
    const round = ++this.#round;
    this.phase = "running";
    this.results = [];
    try {
      const checks = await program.checks(code);
      if (round !== this.#round) return;
      this.checks = checks;
      for (const place of checks.keys()) {
        const result = await program.attempt(code, place);
        if (round !== this.#round) return;
        if (result === null) throw new Error(code);
        this.results = [...this.results, result];
      }
      this.phase = "done";
    } catch {
      if (round === this.#round) this.phase = "unanswered";
    }
  }

  /** Tries nothing more. What is being tried now ends by itself, and counts no longer. */
  cancel(): void {
    this.#round += 1;
    if (this.phase === "running") this.phase = "cancelled";
  }
}
