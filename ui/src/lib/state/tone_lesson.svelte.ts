/** How a tone is learned from a call and proved before it is used: one call at a time. */
import type { Sounds } from "../ipc/sounds";
import type { Lesson, LessonError, PortId, StoredRecord, ToneProof } from "../ipc/types";
import { draft } from "./draft.svelte";

/** Clips of ten minutes that a tone listens to before it may be used: four hours. */
export const PROOF_CLIPS = 24;

/** `error` is `null` where the program did not answer. */
export type Stage =
  | { step: "learning" }
  | { step: "unlearned"; error: LessonError | null }
  | { step: "learned"; lesson: Lesson; failure: LessonError | "unanswered" | null }
  | { step: "proving"; lesson: Lesson; told: ToneProof; cancelled: boolean }
  | { step: "proved"; lesson: Lesson; proof: ToneProof };

const NOTHING_TOLD: ToneProof = { calls: 0, calls_s: 0, ended: [], minutes: [0, 0, 0], false_ends: [0, 0, 0], done: 0 };

export class ToneLesson {
  /** The call whose tone is learned; `null`: none. */
  call: StoredRecord | null = $state.raw(null);
  stage: Stage = $state.raw({ step: "learning" });

  /** Answers to questions of a lesson that was left are dropped. */
  #round = 0;
  /** The program proves one tone at a time: the next proof waits for the end of the one that was cancelled. */
  #proof: Promise<unknown> = Promise.resolve();

  async begin(sounds: Sounds, call: StoredRecord): Promise<void> {
    const round = ++this.#round;
    this.call = call;
    this.stage = { step: "learning" };
    const outcome = await sounds.learn(call.id).catch(() => null);
    if (round !== this.#round) return;
    if (outcome?.ok) this.stage = { step: "learned", lesson: outcome.value, failure: null };
    else this.stage = { step: "unlearned", error: outcome?.refusal ?? null };
  }

  async prove(sounds: Sounds): Promise<void> {
    if (this.stage.step !== "learned" || this.call === null) return;
    const round = ++this.#round;
    const { lesson } = this.stage;
    const { port } = this.call;
    this.stage = { step: "proving", lesson, told: NOTHING_TOLD, cancelled: false };
    await this.#proof;
    if (round !== this.#round) return;
    // Cancelled before it began: the word went to the proof before it.
    if (this.stage.cancelled) {
      this.stage = { step: "learned", lesson, failure: null };
      return;
    }
    const progress = (told: ToneProof): void => {
      if (round === this.#round && this.stage.step === "proving") this.stage = { ...this.stage, told };
    };
    const proof = sounds.prove(port, lesson.text, PROOF_CLIPS, progress).catch(() => null);
    this.#proof = proof;
    const outcome = await proof;
    if (round !== this.#round) return;
    if (outcome?.ok) this.stage = { step: "proved", lesson, proof: outcome.value };
    else if (outcome?.refusal.kind === "cancelled") this.stage = { step: "learned", lesson, failure: null };
    else this.stage = { step: "learned", lesson, failure: outcome?.refusal ?? "unanswered" };
  }

  /** Ends the proof; it is over when the program says so. */
  async cancelProof(sounds: Sounds): Promise<void> {
    if (this.stage.step !== "proving") return;
    this.stage = { ...this.stage, cancelled: true };
    await sounds.cancelProof();
  }

  /** Leaves the lesson, whatever is under way. */
  leave(sounds: Sounds | undefined): void {
    if (this.stage.step === "proving") void sounds?.cancelProof().catch(() => undefined);
    this.#round += 1;
    this.call = null;
  }
}

/** The tones that were learned on a port, as they are edited. */
export function learnedTones(port: PortId): readonly string[] {
  return draft.settings.ports[port]?.line.learned_tones ?? [];
}

/** Adds a tone to the draft; nothing takes effect before Apply. */
export function addLearnedTone(port: PortId, text: string): void {
  const line = draft.settings.ports[port]?.line;
  if (line && !line.learned_tones.includes(text)) line.learned_tones = [...line.learned_tones, text];
}

export const toneLesson = new ToneLesson();
