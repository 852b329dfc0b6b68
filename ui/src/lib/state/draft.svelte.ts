/** What a person is editing. Nothing here takes effect before Apply. */
import type { Backend, Outcome } from "../ipc/backend";
import type { ApplyError, ApplyProgress, ApplyStatus, Problem, Review, RevisionId, RevisionKind, Settings } from "../ipc/types";
import { changed, ofList } from "../paths";

/** How long a person must pause before a draft is checked. */
const PAUSE_MS = 120;

const NOTHING: Review = { problems: [], changes: [], targets: [] };

export type ApplyState =
  | { kind: "editing" }
  /** `later`: it will wait for idle ports. */
  | { kind: "confirming"; problems: Problem[]; later: boolean }
  | { kind: "applying" }
  | { kind: "refused"; error: Refusal };

/** Why Apply changed nothing, beyond problems of fields; `unanswered`: the program did not answer at all. */
export type Refusal = Exclude<ApplyError, { kind: "problems" | "needs_confirmation" }> | { kind: "unanswered" };

/** Settings that would take the place of unsaved edits, until a person says whether they may. */
interface Offer {
  settings: Settings;
  origin: RevisionKind;
  answer: (taken: boolean) => void;
}

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
  /** What is still to be settled about the settings in force. */
  status: ApplyStatus = $state.raw({ kind: "none" });
  /** The settings that the last Apply replaced; `null`: there is nothing to undo. */
  before: Settings | null = $state.raw(null);
  /** What waits for a person to give up unsaved edits. */
  offer: Offer | null = $state.raw(null);
  /** The revision in force; 0: not known yet. */
  revision: RevisionId = $state(0);
  /** Where the draft came from, for the list of revisions. */
  origin: RevisionKind = $state("apply");
  loaded: boolean = $state(false);

  changedPaths: readonly string[] = $derived(this.loaded ? changed(this.inForce, this.settings) : []);
  dirty: boolean = $derived(this.changedPaths.length > 0);
  errors: readonly Problem[] = $derived(this.review.problems.filter((problem) => problem.severity === "error"));
  /** Apply would be taken. */
  ready: boolean = $derived(this.dirty && this.errors.length === 0 && this.phase.kind !== "applying");

  #backend: Backend | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** Takes the settings in force. */
  load(backend: Backend, settings: Settings, progress: ApplyProgress): void {
    this.#backend = backend;
    this.inForce = settings;
    this.settings = structuredClone(settings);
    this.appliedAt = null;
    this.before = null;
    this.origin = "apply";
    this.settleOffer(false);
    this.revision = progress.applied.revision;
    this.status = progress.status;
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

  /** Puts other settings into the draft, to be reviewed and applied like any edit. */
  take(settings: Settings, origin: RevisionKind): void {
    this.settings = structuredClone(settings);
    this.origin = origin;
    this.phase = { kind: "editing" };
    void this.check();
  }

  /** Takes other settings; asks a person first where unsaved edits would be lost. Answers whether they were taken. */
  async replace(settings: Settings, origin: RevisionKind): Promise<boolean> {
    this.settleOffer(false);
    if (this.dirty) return new Promise((answer) => (this.offer = { settings, origin, answer }));
    this.take(settings, origin);
    return true;
  }

  /** A person has said whether what is offered may take the place of unsaved edits. */
  settleOffer(taken: boolean): void {
    const { offer } = this;
    if (!offer) return;
    this.offer = null;
    if (taken) this.take(offer.settings, offer.origin);
    offer.answer(taken);
  }

  discard(): void {
    this.take(this.inForce, "apply");
    // Whoever gives up what was rolled back has read why.
    this.dismissFailure();
  }

  /** A person has read why Apply failed or was rolled back. */
  dismissFailure(): void {
    if (this.phase.kind === "refused") this.phase = { kind: "editing" };
    if (this.status.kind === "rolled_back" || this.status.kind === "refused") this.status = { kind: "none" };
  }

  /** Makes the draft hold; asks first where the program wants a confirmation. `later`: once every port it touches is idle. */
  async apply(confirmed = false, later = false): Promise<void> {
    if (!this.#backend || this.phase.kind === "applying") return;
    const settings = $state.snapshot(this.settings) as Settings;
    this.phase = { kind: "applying" };
    if (later) {
      const outcome = await this.#backend.applyWhenIdle(settings, confirmed, this.origin).catch(() => null);
      if (this.#refused(outcome, later)) return;
      this.#follow(outcome.value);
    } else {
      const outcome = await this.#backend.apply(settings, confirmed, this.origin).catch(() => null);
      if (this.#refused(outcome, later)) return;
      // What comes after it is told by itself, and may have been told already.
      if (outcome.value.revision > this.revision) this.#hold(settings, outcome.value.revision, outcome.value.at_epoch_ms);
    }
    this.phase = { kind: "editing" };
    await this.check();
  }

  /** Takes back a draft that waits for idle ports. */
  async takeBack(): Promise<void> {
    const progress = await this.#backend?.takeBack().catch(() => null);
    if (progress) this.#follow(progress);
  }

  /** Brings back what the last Apply replaced. */
  async undo(): Promise<void> {
    if (!this.before) return;
    this.take(this.before, "restore");
    // It was in force: whatever wants to be confirmed about it was confirmed.
    await this.apply(true);
  }

  /** The program tells how Apply goes on. */
  heard(progress: ApplyProgress): void {
    if (this.loaded) this.#follow(progress);
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

  /** Other settings are in force. A draft that was not edited follows them, except back; one that was edited stays as it is. */
  #hold(settings: Settings, revision: RevisionId, at: number, back = false): void {
    const clean = !this.dirty && !back;
    this.before = this.inForce;
    this.inForce = settings;
    this.revision = revision;
    this.appliedAt = at;
    if (clean) this.settings = structuredClone(settings);
    if (!this.dirty) this.origin = "apply";
  }

  #follow(progress: ApplyProgress): void {
    const { revision } = progress.applied;
    if (revision < this.revision) return;
    this.status = progress.status;
    if (revision > this.revision) void this.#catchUp();
  }

  /** Somebody else made other settings hold: the program by itself, or another window. */
  async #catchUp(): Promise<void> {
    const answer = await this.#backend?.inForce().catch(() => null);
    if (!answer) return;
    const [settings, { applied, status }] = answer;
    if (applied.revision <= this.revision) return;
    // What was rolled back stays in the draft, to be mended; nobody wants to undo the way back.
    const back = status.kind === "rolled_back";
    this.#hold(settings, applied.revision, applied.at_epoch_ms, back);
    this.status = status;
    if (back) this.before = null;
    await this.check();
  }

  #refused<Done>(outcome: Outcome<Done, ApplyError> | null, later: boolean): outcome is { ok: false; refusal: ApplyError } | null {
    if (outcome === null) {
      this.phase = { kind: "refused", error: { kind: "unanswered" } };
    } else if (outcome.ok) {
      return false;
    } else if (outcome.refusal.kind === "problems") {
      this.review = { ...this.review, problems: outcome.refusal.problems };
      this.phase = { kind: "editing" };
    } else if (outcome.refusal.kind === "needs_confirmation") {
      this.phase = { kind: "confirming", problems: outcome.refusal.problems, later };
    } else {
      this.phase = { kind: "refused", error: outcome.refusal };
    }
    return true;
  }
}

export const draft = new Draft();
