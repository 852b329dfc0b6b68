/**
 * The gateway's clock, as far as the window knows it. The program counts milliseconds from its own start; it also tells when that was, so
 * that both are on this computer's clock.
 */
/** A picture may come that late; a greater difference is a computer that slept, or a clock that was set. */
const DRIFT_MS = 2_000;

class Clock {
  /** When the gateway started, on this computer's clock, in ms since 1970. */
  startedAt: number = $state(0);
  /** Now, in ms since the gateway started. Moves four times a second. */
  now: number = $state(0);
  #timer: ReturnType<typeof setInterval> | undefined;

  start(startedAt: number): void {
    this.startedAt = startedAt;
    this.tick();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.tick(), 250);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The gateway's clock stands still while the computer sleeps: a picture from the present says where it stands. */
  follow(now_ms: number): void {
    if (this.#timer === undefined || Math.abs(Date.now() - this.startedAt - now_ms) < DRIFT_MS) return;
    this.startedAt = Date.now() - now_ms;
    this.tick();
  }

  tick(): void {
    this.now = Math.max(0, Date.now() - this.startedAt);
  }

  /** A moment of the gateway as a date. */
  date(at_ms: number): Date {
    return new Date(this.startedAt + at_ms);
  }
}

export const clock = new Clock();
