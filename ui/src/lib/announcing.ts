/**
 * What is said aloud to who cannot see the window, and when: one thing at a time, alarms first, and never more often than a person can
 * follow. Pure: the clock is told.
 */

/** The shortest time between two announcements. */
export const PAUSE_MS = 4000;

/** So many may wait; of more, the oldest that is no alarm is dropped. */
const WAITING = 5;

export interface Announcement {
  text: string;
  alarm: boolean;
}

export class Announcer {
  #waiting: Announcement[] = [];
  #next = -Infinity;

  add(announcement: Announcement): void {
    this.#waiting.push(announcement);
    if (this.#waiting.length <= WAITING) return;
    const dropped = this.#waiting.findIndex(({ alarm }) => !alarm);
    this.#waiting.splice(Math.max(dropped, 0), 1);
  }

  /** What is to be said now; nothing while nothing waits or the last one is not long enough ago. */
  take(now_ms: number): Announcement | null {
    if (now_ms < this.#next || this.#waiting.length === 0) return null;
    const alarm = this.#waiting.findIndex((waiting) => waiting.alarm);
    const [taken] = this.#waiting.splice(Math.max(alarm, 0), 1);
    this.#next = now_ms + PAUSE_MS;
    return taken ?? null;
  }

  /** How long until something can be said; nothing while nothing waits. */
  wait_ms(now_ms: number): number | null {
    return this.#waiting.length === 0 ? null : Math.max(0, this.#next - now_ms);
  }
}
