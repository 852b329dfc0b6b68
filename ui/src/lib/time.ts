/** How moments and spans are written: always with the same number of figures, so that nothing moves. */

/** `0:41`, `03:12`, `1:02:09`: a span that runs. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const s = String(seconds % 60).padStart(2, "0");
  const m = String(Math.floor(seconds / 60) % 60).padStart(2, "0");
  const h = Math.floor(seconds / 3600);
  return h > 0 ? `${h}:${m}:${s}` : `${m}:${s}`;
}

/** `14:05:11` on this computer's clock. */
export function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

/** `14:05` on this computer's clock. */
export function hourMinute(date: Date): string {
  return timeOfDay(date).slice(0, 5);
}

/** `25 nov 14:05` on this computer's clock. */
export function dayAndTime(date: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(date);
}
