/** What the scope draws, in numbers: lanes, bands and flags of one stretch of time. Nothing here knows a canvas. */
import type { Mark, MarkKind } from "../ipc/types";
import type { Sample } from "../state/traces.svelte";

/** A stretch of time in ms since the gateway started. */
export interface Stretch {
  from_ms: number;
  to_ms: number;
}

export type LaneName = "levels" | "volts" | "current";
export type BandName = "ring" | "hook" | "polarity";

/** A lane of the plot, in pixels from its top. */
export interface Lane {
  name: LaneName;
  top: number;
  bottom: number;
  lowest: number;
  highest: number;
  ticks: readonly number[];
}

/** Room above the lanes for the flags of marks. */
export const FLAG_ROWS = 4;
export const FLAG_ROW_PX = 17;
export const BAND_PX = 14;
const BANDS: readonly BandName[] = ["ring", "hook", "polarity"];
/** Room between lanes, where the name of the lower one stands. */
const GAP_PX = 18;

/** The bottom of the lane of levels. */
export const LOWEST_DBM0 = -63;

const LANES: Readonly<Record<LaneName, { share: number; lowest: number; highest: number; ticks: readonly number[] }>> = {
  levels: { share: 5, lowest: LOWEST_DBM0, highest: 3, ticks: [-60, -40, -20, 0] },
  volts: { share: 3, lowest: 0, highest: 60, ticks: [0, 24, 48] },
  current: { share: 3, lowest: 0, highest: 50, ticks: [0, 20, 40] },
};

/** The lanes of a plot of this height. Lanes of what the box does not measure are left out. */
export function lanes(height: number, measured: { volts: boolean; current: boolean }): Lane[] {
  const names: LaneName[] = ["levels"];
  if (measured.volts) names.push("volts");
  if (measured.current) names.push("current");
  const top = FLAG_ROWS * FLAG_ROW_PX + GAP_PX;
  const bottom = height - BANDS.length * BAND_PX - GAP_PX;
  const room = Math.max(0, bottom - top - GAP_PX * (names.length - 1));
  const shares = names.reduce((sum, name) => sum + LANES[name].share, 0);
  let at = top;
  return names.map((name) => {
    const { share, ...lane } = LANES[name];
    const begins = at;
    const ends = begins + (room * share) / shares;
    at = ends + GAP_PX;
    return { name, top: begins, bottom: ends, ...lane };
  });
}

/** Where the bands lie in a plot of this height. */
export function bandTops(height: number): Record<BandName, number> {
  const first = height - BANDS.length * BAND_PX;
  return { ring: first, hook: first + BAND_PX, polarity: first + 2 * BAND_PX };
}

/** The least and greatest value of a scale that puts a lane where it belongs in a plot of this height. */
export function scaleOf(lane: Lane, height: number): [number, number] {
  const perPixel = (lane.highest - lane.lowest) / Math.max(1, lane.bottom - lane.top);
  return [lane.lowest - (height - lane.bottom) * perPixel, lane.highest + lane.top * perPixel];
}

/** Columns for the plot: seconds, Rx, Tx, volts, milliamperes. */
export type Columns = [number[], (number | null)[], (number | null)[], (number | null)[], (number | null)[]];

/** A trace breaks where nothing was sampled for this long. */
const BREAK_MS = 2500;

export function columns(samples: readonly Sample[], { from_ms, to_ms }: Stretch): Columns {
  const out: Columns = [[], [], [], [], []];
  let before: Sample | undefined;
  const add = (at_ms: number, sample: Sample | undefined): void => {
    out[0].push(at_ms / 1000);
    out[1].push(level(sample?.rx_dbm0));
    out[2].push(level(sample?.tx_dbm0));
    out[3].push(sample?.millivolts === null || sample === undefined ? null : Math.abs(sample.millivolts) / 1000);
    out[4].push(sample?.microamps === null || sample === undefined ? null : sample.microamps / 1000);
  };
  for (const sample of samples) {
    if (sample.at_ms > to_ms) break;
    if (sample.at_ms >= from_ms) {
      if (before && sample.at_ms - before.at_ms > BREAK_MS) add(before.at_ms + 1, undefined);
      add(sample.at_ms, sample);
    }
    before = sample;
  }
  // The last look holds until the next one.
  if (before && to_ms - before.at_ms < BREAK_MS && to_ms > before.at_ms) add(to_ms, before);
  return out;
}

function level(dbm0: number | null | undefined): number | null {
  return dbm0 === null || dbm0 === undefined ? null : Math.max(LOWEST_DBM0, dbm0);
}

export type Bands = Record<BandName, { from_ms: number; to_ms: number }[]>;

/**
 * When the line rang, was off hook, and was reversed. Marks tell it to the millisecond; what was already so when the stretch begins is known
 * from the marks before it, else from the first sample.
 */
export function bands(marks: readonly Mark[], samples: readonly Sample[], { from_ms, to_ms }: Stretch): Bands {
  const out: Bands = { ring: [], hook: [], polarity: [] };
  const hookKnown = marks.some((mark) => mark.what.kind === "hook" && mark.at_ms <= from_ms);
  const first = samples.find((sample) => sample.at_ms >= from_ms);
  const since: Record<BandName, number | undefined> = { ring: undefined, hook: !hookKnown && first?.off_hook ? from_ms : undefined, polarity: undefined };
  const turn = (band: BandName, on: boolean, at_ms: number): void => {
    const began = since[band];
    if (on) since[band] ??= at_ms;
    else if (began !== undefined) {
      out[band].push({ from_ms: began, to_ms: at_ms });
      since[band] = undefined;
    }
  };
  for (const { at_ms, what } of marks) {
    if (at_ms > to_ms) break;
    if (what.kind === "ring_on") turn("ring", true, at_ms);
    if (what.kind === "ring_off") {
      // The burst may have begun before the window looked: its length is known.
      if (since.ring === undefined) since.ring = at_ms - what.on_ms;
      turn("ring", false, at_ms);
    }
    if (what.kind === "hook") {
      if (!what.off_hook && since.hook === undefined) continue;
      turn("hook", what.off_hook, at_ms);
    }
    if (what.kind === "polarity") turn("polarity", !what.forward, at_ms);
  }
  for (const band of BANDS) {
    if (since[band] !== undefined) turn(band, false, to_ms);
    out[band] = out[band].filter((one) => one.to_ms > from_ms).map((one) => ({ from_ms: Math.max(from_ms, one.from_ms), to_ms: one.to_ms }));
  }
  return out;
}

/** A mark that the scope flags. A tone that goes on is one flag, with the cycles of its last mark. */
export interface Flag {
  at_ms: number;
  what: MarkKind;
}

export function flags(marks: readonly Mark[], { from_ms, to_ms }: Stretch): Flag[] {
  const out: Flag[] = [];
  for (const mark of marks) {
    if (mark.at_ms < from_ms || mark.at_ms > to_ms) continue;
    const last = out.at(-1);
    if (last?.what.kind === "tone" && mark.what.kind === "tone" && last.what.tone === mark.what.tone && last.what.cycles < mark.what.cycles) {
      last.what = mark.what;
    } else out.push({ at_ms: mark.at_ms, what: mark.what });
  }
  return out;
}

/** The sample that holds at a moment. */
export function sampleAt(samples: readonly Sample[], at_ms: number): Sample | undefined {
  let found: Sample | undefined;
  for (const sample of samples) {
    if (sample.at_ms > at_ms) break;
    found = sample;
  }
  return found;
}

/** Puts flags into rows so that no two overlap; one that finds no room has row −1 and stays a tick. */
export function rows(places: readonly { x: number; width: number }[], count: number): number[] {
  const free = new Array<number>(count).fill(-Infinity);
  return places.map(({ x, width }) => {
    const row = free.findIndex((end) => end <= x);
    if (row >= 0) free[row] = x + width;
    return row;
  });
}
