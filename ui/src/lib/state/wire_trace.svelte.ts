/** The raw trace of the box while somebody looks at it: asked for again and again, and forgotten when nobody does. */
import type { Backend } from "../ipc/backend";
import type { TraceLine } from "../ipc/types";
import { Asking } from "./asking.svelte";

/** Lines that the window keeps; the oldest go first. The program keeps as many: half of them orders, half of them frames of sound. */
export const KEPT_LINES = 1_024;

export class WireTrace extends Asking {
  lines: readonly TraceLine[] = $state.raw([]);
  /** The number that the trace of the box in use begins with, as the program tells it; smaller ones are of another box. */
  since: number = $state(0);
  dropped: number = $state(0);
  soundFrames: number = $state(0);
  /** Frames of sound are listed too. */
  sound: boolean = $state(false);
  #backend: Backend;

  constructor(backend: Backend) {
    super();
    this.#backend = backend;
  }

  protected override async take(): Promise<void> {
    const told = await this.#backend.deviceTrace({ after: this.lines.at(-1)?.number ?? null, sound: this.sound });
    if (told.since !== this.since) {
      this.since = told.since;
      this.lines = this.lines.filter(({ number }) => number >= told.since);
    }
    if (told.lines.length > 0) this.lines = [...this.lines, ...told.lines].slice(-KEPT_LINES);
    this.dropped = told.dropped;
    this.soundFrames = told.sound_frames;
  }
}
