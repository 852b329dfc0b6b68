/** What a person is editing. Nothing here takes effect before Apply. */
import type { Backend } from "../ipc/backend";
import type { ApplyError, Problem, Review, Settings } from "../ipc/types";
import { changed, ofList } from "../paths";

/** How long a person must pause before a draft is checked. */
const PAUSE_MS = 120;

const NOTHING: Review = { problems: [], changes: [], targets: [] };

export type ApplyState =
  | { kind: "editing" }
  | { kind: "confirming"; problems: Problem[] }
  | { kind: "applying" }
  | { kind: "refused"; error: Refusal };

/** Why Apply changed nothing, beyond problems of fields; `unanswered`: the program did not answer at all. */
export type Refusal = Exclude<ApplyError, { kind: "problems" | "needs_confirmation" }> | { kind: "unanswered" };

export class Draft {
  /** The settings in force. */
  inForce: Settings = $state.raw({ gateway: {}, ports: [] } as unknown as Settings);
  /** The settings as edited. */
  settings: Settings = $state({ gateway: {}, ports: [] } as unknown as Settings);
  /** What the program thinks of them. */
  review: Review = $state.raw(NOTHING);
  phase: ApplyState = $state.raw({ kind: "editing" });
  /** When settings were applied last, in ms since 1970; `null`: not since the window opened. */
  appliedAt: number | null = $state(null);
  loaded: boolean = $state(false);

  changedPaths: readonly string[] = $derived(this.loaded ? changed(this.inForce, this.settings) : []);
  dirty: boolean = $derived(this.changedPaths.length > 0);
  errors: readonly Problem[] = $derived(this.review.problems.filter((problem) => problem.severity === "error"));

  #backend: Backend | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** Takes the settings in force. */
  load(backend: Backend, settings: Settings): void {
    this.#backend = backend;
    this.inForce = settings;
    this.settings = structuredClone(settings);
    this.appliedAt = null;
    this.loaded = true;
    this.phase = { kind: "editing" };
    void this.check();
  }

  /** Asks for a review once a person has paused. */
  edited(): void {
    if (this.phase.kind === "refused") this.phase = { kind: "editing" };
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.check(), PAUSE_MS);
  }

  /** Asks for a review now. An answer that a newer question has overtaken is dropped. */
  async check(): Promise<void> {
    clearTimeout(this.#pause);
    if (!this.#backend) return;
    const asked = ++this.#asked;
    const review = await this.#backend.review($state.snapshot(this.settings) as Settings);
    if (asked === this.#asked) this.review = review;
  }

  discard(): void {
    this.settings = structuredClone(this.inForce);
    this.phase = { kind: "editing" };
    void this.check();
  }

  /** Makes the draft hold; asks first where the program wants a confirmation. */
  async apply(confirmed = false): Promise<void> {
    if (!this.#backend || this.phase.kind === "applying") return;
    const settings = $state.snapshot(this.settings) as Settings;
    this.phase = { kind: "applying" };
    const outcome = await this.#backend.apply(settings, confirmed).catch(() => null);
    if (outcome === null) {
      this.phase = { kind: "refused", error: { kind: "unanswered" } };
    } else if (outcome.ok) {
      this.inForce = settings;
      this.appliedAt = outcome.value.at_epoch_ms;
      this.phase = { kind: "editing" };
      await this.check();
    } else if (outcome.refusal.kind === "problems") {
      this.review = { ...this.review, problems: outcome.refusal.problems };
      this.phase = { kind: "editing" };
    } else if (outcome.refusal.kind === "needs_confirmation") {
      this.phase = { kind: "confirming", problems: outcome.refusal.problems };
    } else {
      this.phase = { kind: "refused", error: outcome.refusal };
    }
  }

  cancelConfirmation(): void {
    this.phase = { kind: "editing" };
  }

  isChanged(path: string): boolean {
    return this.changedPaths.includes(path);
  }

  /** The heaviest problem of a setting, or of an entry of its list. */
  problem(path: string): Problem | undefined {
    const here = this.review.problems.filter((problem) => ofList(problem.path) === path);
    return here.find((problem) => problem.severity === "error") ?? here[0];
  }
}

export const draft = new Draft();
