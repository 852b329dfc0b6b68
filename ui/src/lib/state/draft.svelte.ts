/** What a person is editing. Nothing here takes effect before Apply. */
import type { Backend } from "../ipc/backend";
import type { Problem, Review, Settings } from "../ipc/bindings";

/** How long a person must pause before a draft is checked. */
const PAUSE_MS = 120;

const NOTHING: Review = { problems: [], changes: [], targets: [] };

export type ApplyState =
  | { kind: "editing" }
  | { kind: "confirming"; problems: Problem[] }
  | { kind: "applying" }
  | { kind: "failed"; code: string; args: Record<string, string> };

export class Draft {
  /** The settings in force. */
  inForce: Settings = $state.raw({ gateway: {}, ports: [] } as unknown as Settings);
  /** The settings as edited. */
  settings: Settings = $state({ gateway: {}, ports: [] } as unknown as Settings);
  /** What the program thinks of them. */
  review: Review = $state.raw(NOTHING);
  phase: ApplyState = $state.raw({ kind: "editing" });
  /** When the settings in force began to hold, in ms since the gateway started. */
  appliedAt: number | null = $state(null);
  loaded: boolean = $state(false);

  changedPaths: readonly string[] = $derived(this.loaded ? changed(this.inForce, this.settings) : []);
  dirty: boolean = $derived(this.changedPaths.length > 0);
  errors: readonly Problem[] = $derived(this.review.problems.filter((problem) => problem.severity === "error"));

  #backend: Backend | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** Takes the settings in force. */
  load(backend: Backend, settings: Settings, appliedAt: number | null): void {
    this.#backend = backend;
    this.inForce = settings;
    this.settings = structuredClone(settings);
    this.appliedAt = appliedAt;
    this.loaded = true;
    this.phase = { kind: "editing" };
    void this.check();
  }

  /** Asks for a review once a person has paused. */
  edited(): void {
    if (this.phase.kind === "failed") this.phase = { kind: "editing" };
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
    const outcome = await this.#backend.apply(settings, confirmed).catch(
      (): Awaited<ReturnType<Backend["apply"]>> => ({ ok: false, refusal: { kind: "failed", code: "program", args: {} } }),
    );
    if (outcome.ok) {
      this.inForce = settings;
      this.appliedAt = outcome.value.at_ms;
      this.phase = { kind: "editing" };
      await this.check();
    } else if (outcome.refusal.kind === "failed") {
      this.phase = outcome.refusal;
    } else {
      const { problems } = outcome.refusal;
      this.review = { ...this.review, problems };
      const wrong = problems.some((problem) => problem.severity === "error");
      this.phase = wrong ? { kind: "editing" } : { kind: "confirming", problems };
    }
  }

  cancelConfirmation(): void {
    this.phase = { kind: "editing" };
  }

  isChanged(path: string): boolean {
    return this.changedPaths.includes(path);
  }

  problem(path: string): Problem | undefined {
    const here = this.review.problems.filter((problem) => problem.path === path);
    return here.find((problem) => problem.severity === "error") ?? here[0];
  }
}

/** Paths of the values that differ, as the program names them: `gateway.mode`, `ports.0.target`. */
export function changed(before: unknown, after: unknown, path = ""): string[] {
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changed(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  return before === after ? [] : [path];
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export const draft = new Draft();
