/** Something that is told in pieces while somebody looks at it: asked for again and again, never twice at a time. */

/** How often it is asked what is new. */
const ASK_MS = 500;

export abstract class Asking {
  /** Why the program told nothing; `null` while it does. */
  refused: unknown = $state.raw(null);
  paused: boolean = $state(false);
  #timer: ReturnType<typeof setInterval> | undefined;
  #asking = false;

  /** Asks the program for what is new, and takes it in. */
  protected abstract take(): Promise<void>;

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
      await this.take();
      this.refused = null;
    } catch (error) {
      this.refused = error;
    } finally {
      this.#asking = false;
    }
  }
}
