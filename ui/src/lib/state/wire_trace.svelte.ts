/** The raw trace of the box while somebody looks at it: asked for again and again, and forgotten when nobody does. */
import type { Backend } from "../ipc/backend";
import type { TraceLine } from "../ipc/types";

/** How often it is asked what is new. */
const ASK_MS = 500;
/** Lines that the window keeps; the oldest go first. The program keeps as many: half of them orders, half of them frames of sound. */
export const KEPT_LINES = 1_024;

export class WireTrace {
  lines: readonly TraceLine[] = $state.raw([]);
  /** The number that the trace of the box in use begins with, as the program tells it; smaller ones are of another box. */
  since: number = $state(0);
  dropped: number = $state(0);
  soundFrames: number = $state(0);
  /** Why the program told nothing; `null` while it does. */
  refused: unknown = $state.raw(null);
  /** Frames of sound are listed too. */
  sound: boolean = $state(false);
  paused: boolean = $state(false);
  #backend: Backend;
  #timer: ReturnType<typeof setInterval> | undefined;
  #asking = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  begin(): void {
    void this.ask();
    this.#timer ??= setInterval(() => void this.ask(), ASK_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Asks what is new. `anyway`: even while it is paused. */
  async ask(anyway = false): Promise<void> {
    if (this.#asking || (this.paused && !anyway)) return;
    this.#asking = true;
    try {
      const told = await this.#backend.deviceTrace({ after: this.lines.at(-1)?.number ?? null, sound: this.sound });
      if (told.since !== this.since) {
        this.since = told.since;
        this.lines = this.lines.filter(({ number }) => number >= told.since);
      }
      if (told.lines.length > 0) this.lines = [...this.lines, ...told.lines].slice(-KEPT_LINES);
      this.dropped = told.dropped;
      this.soundFrames = told.sound_frames;
      this.refused = null;
    } catch (error) {
      this.refused = error;
    } finally {
      this.#asking = false;
    }
  }
}
