/** What the tone view draws, in numbers: markers of known tones, held peaks, scales, and cadences as blocks. Nothing here knows a canvas. */
import { listedTones } from "../country_plan";
import type { CadencePart, Country, LeadingTone, ProgressTone } from "../ipc/types";

/** The spectrum reaches from 0 to this. */
export const HIGHEST_HZ = 4000;
/** The scale of levels. */
export const LOWEST_DBM0 = -80;
export const HIGHEST_DBM0 = 0;
export const LEVEL_TICKS: readonly number[] = [-80, -60, -40, -20, 0];
/** What the program calls nothing. */
const NOTHING_DBM0 = -99;

/** A frequency at which a tone is looked for. */
export interface Marker {
  frequency_hz: number;
  /** What machines and the network play everywhere has a name of its own (ITU-T T.30, E.180). */
  name: "CNG" | "CED" | "SIT" | null;
  tones: readonly ProgressTone[];
}

const EVERYWHERE: readonly Marker[] = [
  { frequency_hz: 1100, name: "CNG", tones: ["fax_calling"] },
  { frequency_hz: 2100, name: "CED", tones: ["fax_answering", "modem_answering"] },
  ...[950, 1400, 1800].map((frequency_hz): Marker => ({ frequency_hz, name: "SIT", tones: ["special_information"] })),
];

/** The frequencies of a country's tones, each once, and those that are the same everywhere, from low to high. */
export function markers(country: Country | undefined): Marker[] {
  const found = new Map<number, Set<ProgressTone>>();
  for (const { tone, row } of country ? listedTones(country) : []) {
    for (const hz of row?.frequencies_hz ?? []) if (hz !== null) found.set(hz, (found.get(hz) ?? new Set()).add(tone));
  }
  const own = [...found].map(([frequency_hz, tones]): Marker => ({ frequency_hz, name: null, tones: [...tones] }));
  return [...own, ...EVERYWHERE.filter(({ frequency_hz }) => !found.has(frequency_hz))].sort((a, b) => a.frequency_hz - b.frequency_hz);
}

/** The band of a spectrum of so many that a frequency lies in. */
export function bandOf(frequency_hz: number, bands: number): number {
  return Math.min(bands - 1, Math.max(0, Math.floor((frequency_hz / HIGHEST_HZ) * bands)));
}

/** A peak stands still for this long, and then falls at this rate. */
const HOLD_MS = 1500;
const FALL_DB_PER_S = 20;

/** The loudest of late in each band. */
export class HeldPeaks {
  #levels: number[] = [];
  #since_ms: number[] = [];

  note(spectrum_dbm0: readonly (number | null)[], at_ms: number): void {
    if (spectrum_dbm0.length !== this.#levels.length) this.clear();
    const held = this.at(at_ms);
    spectrum_dbm0.forEach((level, band) => {
      if ((level ?? NOTHING_DBM0) < (held[band] ?? NOTHING_DBM0)) return;
      this.#levels[band] = level ?? NOTHING_DBM0;
      this.#since_ms[band] = at_ms;
    });
  }

  /** The peaks as they stand at a moment, in dBm0. */
  at(at_ms: number): number[] {
    return this.#levels.map((level, band) => level - (Math.max(0, at_ms - (this.#since_ms[band] ?? at_ms) - HOLD_MS) * FALL_DB_PER_S) / 1000);
  }

  clear(): void {
    this.#levels = [];
    this.#since_ms = [];
  }
}

/** A burst or gap that is drawn to scale. */
export interface Block {
  is_burst: boolean;
  duration_ms: number;
  /** Its part of the row, from 0 to 1. */
  share: number;
}

/** Two rows on one scale of `span_ms`. */
export interface Cadence {
  span_ms: number;
  heard: readonly Block[];
  expected: readonly Block[];
}

/** The scale doubles where a cadence does not fit, so that it does not move with every look. */
const SHORTEST_SPAN_MS = 2_000;

/** The cadence heard beside the one expected, which begins with the part that the first one heard should be. */
export function cadence(heard: readonly CadencePart[], leading: LeadingTone | null): Cadence {
  const expected = expectedParts(heard, leading);
  const length = (parts: readonly CadencePart[]): number => parts.reduce((sum, { duration_ms }) => sum + duration_ms, 0);
  let span_ms = SHORTEST_SPAN_MS;
  while (span_ms < Math.max(length(heard), length(expected))) span_ms *= 2;
  const blocks = (parts: readonly CadencePart[]): Block[] => parts.map((part) => ({ ...part, share: part.duration_ms / span_ms }));
  // A tone without cadence goes on as far as can be seen.
  const endless = leading !== null && leading.expected_ms.length === 0;
  return { span_ms, heard: blocks(heard), expected: endless ? [{ is_burst: true, duration_ms: 0, share: 1 }] : blocks(expected) };
}

function expectedParts(heard: readonly CadencePart[], leading: LeadingTone | null): CadencePart[] {
  const pattern = leading?.expected_ms ?? [];
  if (!leading || pattern.length === 0) return [];
  return heard.map((_, n) => {
    const back = heard.length - 1 - n;
    const place = (((leading.place - back) % pattern.length) + pattern.length) % pattern.length;
    return { is_burst: place % 2 === 0, duration_ms: pattern[place] ?? 0 };
  });
}
