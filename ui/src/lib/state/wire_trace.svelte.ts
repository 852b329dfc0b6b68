/** The raw trace of the box while somebody looks at it: asked for again and again, and forgotten when nobody does. */
import type { Backend } from "../ipc/backend";
import type { TraceLine } from "../ipc/types";

/** How often it is asked what is new. */
const ASK_MS = 500;
/** Lines that the window keeps; the oldest go first. The program keeps fewer. */
export const KEPT_LINES = 1_024;

export class WireTrace {
  lines: readonly TraceLine[] = $state.raw([]);
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
  /** Counts up when everything is forgotten, so that an answer that is under way then comes too late. */
  #era = 0;

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

  /** Another box was chosen. */
  forget(): void {
    this.#era += 1;
    this.lines = [];
    this.dropped = this.soundFrames = 0;
  }

  async ask(): Promise<void> {
    if (this.paused || this.#asking) return;
    this.#asking = true;
    const era = this.#era;
    try {
      const told = await this.#backend.deviceTrace({ after: this.lines.at(-1)?.number ?? null, sound: this.sound });
      if (era !== this.#era) return;
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
