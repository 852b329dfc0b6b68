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

/** `14:05:11.250` on this computer's clock. */
export function timeWithMs(date: Date): string {
  return `${timeOfDay(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

const AGO: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

/** `3 min. ago`: how long ago something was, in its greatest unit. */
export function ago(language: string, ms: number): string {
  const format = new Intl.RelativeTimeFormat(language, { style: "short", numeric: "always" });
  const [unit, length] = AGO.find(([, length]) => ms >= length) ?? (["second", 1_000] as const);
  return format.format(-Math.max(0, Math.floor(ms / length)), unit);
}
