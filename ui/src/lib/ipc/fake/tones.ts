/** What is heard on the toy lines while somebody looks: speech, noise, and the busy tone of the recorded minute. */
import type { Analysis, CadencePart, LineAnalysis, PortId, PortView, ToneBelief } from "../types";

const BANDS = 128;
const BAND_HZ = 4000 / BANDS;
const PACE_MS = 100;
/** Nobody looks any more when this many analyses were told since the last order. */
const PATIENCE = 30;
const BUSY_HZ = 425;
const BUSY_MS = 250;
const NOISE_DBM0 = -66;

/** The part of the toy world that is looked at. */
interface World {
  now: () => number;
  view: (port: PortId) => PortView | undefined;
  /** Since when busy tone sounds on a line, in ms; `null`: it does not. */
  busyFor: (port: PortId, at_ms: number) => number | null;
  tell: (told: LineAnalysis[]) => void;
}

export class ToyAnalyser {
  #left = new Map<PortId, number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(readonly world: World) {}

  watch(port: PortId): void {
    this.#left.set(port, PATIENCE);
    this.#timer ??= setInterval(() => this.#beat(), PACE_MS);
  }

  #beat(): void {
    const told: LineAnalysis[] = [];
    const at_ms = this.world.now();
    for (const [port, left] of this.#left) {
      if (left <= 1) this.#left.delete(port);
      else this.#left.set(port, left - 1);
      const view = this.world.view(port);
      if (view) told.push({ port, analysis: analysisOf(view, at_ms, this.world.busyFor(port, at_ms)) });
    }
    if (this.#left.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.world.tell(told);
  }
}

/** A level that is never the same twice, without dice. */
const flicker = (band: number, at_ms: number): number => 2.5 * Math.sin(band * 12.9 + at_ms / 57) + 1.5 * Math.sin(band * 4.1 - at_ms / 31);

function spectrum(at_ms: number, level: (hz: number) => number): number[] {
  return Array.from({ length: BANDS }, (_, band) => {
    const said = level((band + 0.5) * BAND_HZ);
    return Math.round(10 * (10 * Math.log10(10 ** (said / 10) + 10 ** ((NOISE_DBM0 - 7 + flicker(band, at_ms)) / 10)))) / 10;
  });
}

/** A sine through a Hann window: it falls steeply to both sides. */
const sine = (hz: number, at_hz: number, level_dbm0: number): number => {
  const away = Math.abs(hz - at_hz) / BAND_HZ;
  return away < 0.6 ? level_dbm0 : level_dbm0 - 34 - 14 * Math.log2(away + 0.4);
};

/** A vowel: harmonics of a voice below three formants. */
function vowel(hz: number, at_ms: number, level_dbm0: number): number {
  const pitch = 130 + 12 * Math.sin(at_ms / 700);
  const harmonic = 6 * Math.cos((2 * Math.PI * hz) / pitch);
  const formant = (at_hz: number, wide: number): number => -(((hz - at_hz) / wide) ** 2) * 3;
  const shape = Math.max(formant(480 + 90 * Math.sin(at_ms / 430), 260), formant(1480 + 260 * Math.sin(at_ms / 510), 330) - 9, formant(2500, 420) - 16);
  return Math.max(-99, level_dbm0 - 9 + harmonic + Math.max(-50, shape));
}

function analysisOf(view: PortView, at_ms: number, busy_ms: number | null): Analysis {
  const offHook = view.line === "off_hook";
  const rx_dbm0 = view.meter?.rx_dbm0 ?? -99;
  const belief = offHook ? (busy_ms === null ? { heard: [], leading: null } : busyBelief(busy_ms)) : null;
  const sounds = offHook && rx_dbm0 > -50;
  if (busy_ms !== null && sounds) {
    const peaks = [{ frequency_hz: 425.2, level_dbm0: rx_dbm0 }];
    return { at_ms, level_dbm0: rx_dbm0, purity: 0.99, spectrum_dbm0: spectrum(at_ms, (hz) => sine(hz, BUSY_HZ, rx_dbm0)), peaks, belief };
  }
  const peaks = sounds ? [480, 610, 355].map((hz, n) => ({ frequency_hz: hz + Math.round(20 * Math.sin(at_ms / 300)), level_dbm0: rx_dbm0 - 5 - 3 * n })) : [];
  const spectrum_dbm0 = spectrum(at_ms, (hz) => (sounds ? vowel(hz, at_ms, rx_dbm0) : -99));
  return { at_ms, level_dbm0: sounds ? rx_dbm0 : offHook ? -61.5 : NOISE_DBM0, purity: sounds ? 0.41 : 0, spectrum_dbm0, peaks, belief };
}

/** What the detector believes after so much busy tone: as the real one, it is sure with the fourth burst. */
function busyBelief(busy_ms: number): ToneBelief {
  const parts = Math.floor(busy_ms / BUSY_MS);
  const part = (n: number): CadencePart => ({ is_burst: n % 2 === 0, duration_ms: n < parts ? BUSY_MS + [0, 10, -10][n % 3]! : Math.round(busy_ms % BUSY_MS) });
  const heard = Array.from({ length: Math.min(8, parts + 1) }, (_, n) => part(Math.max(0, parts - 7) + n));
  if (parts < 1) return { heard, leading: null };
  const confidence = parts < 2 ? 0 : Math.min(1, busy_ms / 1_650);
  return { heard, leading: { tone: "busy", confidence, cycles: parts < 3 ? 0 : Math.floor(parts / 2), expected_ms: [BUSY_MS, BUSY_MS], place: parts % 2 } };
}
