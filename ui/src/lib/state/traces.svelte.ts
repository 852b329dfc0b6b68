/** What the lines did in the last minute: samples of every picture, and marks. The line scope draws them, meters hold their peaks by them. */
import type { Mark, PortId, PortView, Snapshot } from "../ipc/types";

/** How far back samples and marks are kept. The scope shows a minute. */
export const KEPT_MS = 75_000;
/** The most samples of a port: eighty seconds at ten pictures a second. */
const MOST_SAMPLES = 800;
/** The most marks of a port, as many as the program remembers. */
export const MOST_MARKS = 512;
/** The most marks of a port of which somebody keeps more than the last minute. */
const MOST_KEPT_MARKS = 8 * MOST_MARKS;
/** A line at rest is sampled this often; a line that changes, with every picture. */
const AT_REST_MS = 1000;
/** What the program calls digital silence. */
export const SILENCE_DBM0 = -99;

/** One look at a line. Levels are there while audio flows, volts and current where the box measures them. */
export interface Sample {
  at_ms: number;
  rx_dbm0: number | null;
  tx_dbm0: number | null;
  millivolts: number | null;
  microamps: number | null;
  off_hook: boolean;
  ringing: boolean;
  battery: boolean;
}

class Traces {
  /** They move with every picture, and with every mark: who reads the past reads them, too. */
  #looked = $state(0);
  #marked = $state(0);
  #samples = new Map<PortId, Sample[]>();
  #marks = new Map<PortId, Mark[]>();
  /** From when on marks of a port stay, however old they become. */
  #keptFrom = new Map<PortId, number>();

  /** The samples of a port, oldest first. */
  samples(port: PortId): readonly Sample[] {
    void this.#looked;
    return this.#samples.get(port) ?? [];
  }

  /** The marks of a port, oldest first. */
  marks(port: PortId): readonly Mark[] {
    void this.#marked;
    return this.#marks.get(port) ?? [];
  }

  note(snapshot: Snapshot): void {
    const count = snapshot.ports.length;
    for (const view of snapshot.ports) this.#noteLine(view, snapshot.now_ms);
    for (const kept of [this.#samples, this.#marks]) {
      for (const port of kept.keys()) if (port >= count) kept.delete(port);
    }
    this.#looked += 1;
  }

  mark(told: readonly Mark[]): void {
    for (const mark of told) {
      const marks = this.#marks.get(mark.port) ?? [];
      marks.push(mark);
      this.#marks.set(mark.port, marks);
      forget(marks, mark.at_ms, this.#mostMarks(mark.port), this.#keptFrom.get(mark.port));
    }
    this.#marked += 1;
  }

  /** What the program remembers of a port from before the window looked. */
  recall(port: PortId, remembered: readonly Mark[]): void {
    const told = this.#marks.get(port) ?? [];
    const known = new Set(remembered.map((mark) => JSON.stringify(mark)));
    const marks = [...remembered, ...told.filter((mark) => !known.has(JSON.stringify(mark)))];
    this.#marks.set(port, marks.slice(-this.#mostMarks(port)));
    this.#marked += 1;
  }

  /** From this moment on no mark of a port is forgotten for its age, until the returned function is called. */
  keepMarks(port: PortId, from_ms: number): () => void {
    this.#keptFrom.set(port, from_ms);
    return () => {
      if (this.#keptFrom.get(port) === from_ms) this.#keptFrom.delete(port);
    };
  }

  /** For tests: nothing happened yet. */
  clear(): void {
    this.#samples.clear();
    this.#marks.clear();
    this.#keptFrom.clear();
    this.#looked += 1;
    this.#marked += 1;
  }

  #mostMarks(port: PortId): number {
    return this.#keptFrom.has(port) ? MOST_KEPT_MARKS : MOST_MARKS;
  }

  #noteLine(view: PortView, at_ms: number): void {
    const sample = sampleOf(view, at_ms);
    const samples = this.#samples.get(view.port) ?? [];
    const last = samples.at(-1);
    if (last && last.at_ms >= at_ms) return;
    if (last && at_ms - last.at_ms < AT_REST_MS && sample.rx_dbm0 === null && same(last, sample)) return;
    samples.push(sample);
    this.#samples.set(view.port, samples);
    forget(samples, at_ms, MOST_SAMPLES);
  }
}

function sampleOf(view: PortView, at_ms: number): Sample {
  return {
    at_ms,
    rx_dbm0: view.meter ? (view.meter.rx_dbm0 ?? SILENCE_DBM0) : null,
    tx_dbm0: view.meter ? (view.meter.tx_dbm0 ?? SILENCE_DBM0) : null,
    millivolts: view.millivolts,
    microamps: view.microamps,
    off_hook: view.line === "off_hook" || view.line === "seizing",
    ringing: view.line === "ringing",
    battery: view.line !== "no_battery" && view.line !== "absent",
  };
}

function same(a: Sample, b: Sample): boolean {
  return (Object.keys(a) as (keyof Sample)[]).every((key) => key === "at_ms" || a[key] === b[key]);
}

/** Drops what is too much, or too old and older than `from_ms`; in lumps, because the front of an array is dear. */
function forget(kept: { at_ms: number }[], now_ms: number, most: number, from_ms = Infinity): void {
  if (kept.length <= most && now_ms - (kept[0]?.at_ms ?? now_ms) < KEPT_MS * 1.2) return;
  const fresh = kept.findIndex((one) => now_ms - one.at_ms < KEPT_MS || one.at_ms >= from_ms);
  kept.splice(0, Math.max(fresh < 0 ? kept.length - 1 : fresh, kept.length - most));
}

/** A peak stands still for this long, and then falls at this rate. */
const HOLD_MS = 1500;
const FALL_DB_PER_S = 20;

/** The held peak of a level: the loudest of the last 1.5 s; what is older counts 20 dB less a second. */
export function peak(samples: readonly Sample[], of: (sample: Sample) => number | null, now_ms: number): number | null {
  let held: number | null = null;
  for (let n = samples.length - 1; n >= 0; n -= 1) {
    const sample = samples[n];
    const level = sample && of(sample);
    if (!sample || level === null || level === undefined) break;
    const age_ms = now_ms - sample.at_ms;
    // Nothing that old is louder than the bottom of the scale.
    if (age_ms > HOLD_MS + 5000) break;
    const fallen = level - (Math.max(0, age_ms - HOLD_MS) * FALL_DB_PER_S) / 1000;
    held = held === null ? fallen : Math.max(held, fallen);
  }
  return held;
}

export const traces = new Traces();
