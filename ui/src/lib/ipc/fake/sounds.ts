/**
 * The kept sounds of the toy world. Talk is noise in syllables; whoever hangs up on the line leaves busy tone behind, and calls that ended
 * by silence or by the operator end in a tone that no plan has, which the window can learn.
 */
import type { Outcome } from "../backend";
import type { History } from "../history";
import type { Sounds } from "../sounds";
import type { ExportError, KeptSound, LearnedTone, Lesson, LessonError, PortId, Settings, StoredRecord } from "../types";
import type { ToneProof, WouldEnd } from "../types";

const SAMPLES_PER_S = 8000;
const SOUND_S = 20;
/** So many calls keep their sound. */
const KEPT_SOUNDS = 100;
/** Minutes in a clip of a proof. */
const CLIP_MIN = 10;

interface ToyTone {
  hz: number;
  cadence_ms: readonly [on: number, off: number];
  from_s: number;
}

const BUSY: ToyTone = { hz: 425, cadence_ms: [250, 250], from_s: 18.4 };
const UNKNOWN: ToyTone = { hz: 440, cadence_ms: [350, 350], from_s: 9.2 };
const UNKNOWN_TEXT = "busy 440 350/350";

/** The tone at the end of a call; `null`: there is talk to its end. `undefined`: nothing is kept of such a call. */
function toneOf(call: StoredRecord): ToyTone | null | undefined {
  if (call.answered_at_ms === null) return call.direction === "sip_to_fxo" ? null : undefined;
  if (call.cause === "silence" || call.cause === "operator") return UNKNOWN;
  if (call.cause !== "line_hung_up") return null;
  return call.evidence?.kind === "polarity_reversal" ? null : BUSY;
}

/** The A-law code (ITU-T G.711) of a sample. */
export function alawOf(sample: number): number {
  const magnitude = Math.min(32767, Math.abs(Math.round(sample)));
  const segment = Math.max(0, Math.floor(Math.log2(Math.max(1, magnitude >> 4))) - 3);
  const step = segment === 0 ? magnitude >> 4 : (magnitude >> (segment + 3)) & 15;
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | (step & 15)) ^ 0x55;
}

/** A sample of noise in syllables, with a pause now and then. */
function talk(at: number, noise: number): number {
  const s = at / SAMPLES_PER_S;
  const speaks = Math.sin(s * 1.9) + Math.sin(s * 0.83 + 1) > -0.4;
  const syllable = Math.max(0, Math.sin(s * 13) + 0.3 * Math.sin(s * 31));
  return speaks ? 5200 * syllable * noise : 24 * noise;
}

function alaw(tone: ToyTone | null): string {
  let seed = 1;
  const begins = (tone?.from_s ?? SOUND_S) * SAMPLES_PER_S;
  const codes = Array.from({ length: SOUND_S * SAMPLES_PER_S }, (_, at) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const noise = (seed / 0x4000_0000) - 1;
    if (tone === null || at < begins) return alawOf(talk(at, noise));
    const [on, off] = tone.cadence_ms;
    const into_ms = (((at - begins) / SAMPLES_PER_S) * 1000) % (on + off);
    return alawOf(into_ms < on ? 3000 * Math.sin((2 * Math.PI * tone.hz * at) / SAMPLES_PER_S) : 20 * noise);
  });
  return btoa(codes.map((code) => String.fromCharCode(code)).join(""));
}

export class FakeSounds implements Sounds {
  /** How long a call or a clip of a proof takes, in ms. */
  pace_ms = 200;
  /** WAV files that were written, by their call. */
  readonly files = new Map<string, string>();
  readonly #made = new Map<ToyTone | null, string>();
  #cancelled = false;

  /** `trouble`: tones that are learned end what they should not. */
  constructor(
    readonly history: History & { newest(count: number): StoredRecord[] },
    readonly inForce: () => Settings,
    readonly trouble: boolean,
  ) {}

  #kept(id: string): { call: StoredRecord; tone: ToyTone | null } | null {
    const call = this.history.newest(KEPT_SOUNDS).find((record) => record.id === id);
    const tone = call && toneOf(call);
    return call && tone !== undefined ? { call, tone } : null;
  }

  #isLearned(port: PortId): boolean {
    return this.inForce().ports[port]?.line.learned_tones.includes(UNKNOWN_TEXT) ?? false;
  }

  #wouldEnd(tone: ToyTone | null, port: PortId): WouldEnd[] {
    if (tone === BUSY) return [{ at_ms: 19_880, tone: "busy", speaks_on: false }];
    if (tone === UNKNOWN && this.#isLearned(port)) return [{ at_ms: 11_320, tone: "busy", speaks_on: false }];
    return [];
  }

  of(id: string): Promise<KeptSound | null> {
    const kept = this.#kept(id);
    if (!kept) return Promise.resolve(null);
    const made = this.#made.get(kept.tone) ?? alaw(kept.tone);
    this.#made.set(kept.tone, made);
    return Promise.resolve({ alaw_base64: made, would_end: this.#wouldEnd(kept.tone, kept.call.port) });
  }

  choosePath(name: string): Promise<string | null> {
    return Promise.resolve(`/home/ana/${name}`);
  }

  save(id: string, path: string): Promise<Outcome<null, ExportError>> {
    this.files.set(id, path);
    return Promise.resolve({ ok: true, value: null });
  }

  learn(id: string): Promise<Outcome<Lesson, LessonError>> {
    const kept = this.#kept(id);
    if (!kept) return Promise.resolve({ ok: false, refusal: { kind: "no_sound" } });
    if (kept.tone === null) return Promise.resolve({ ok: false, refusal: { kind: "nothing", fault: "no_tone" } });
    const { hz, cadence_ms, from_s } = kept.tone;
    const tone: LearnedTone = {
      frequencies_hz: [hz],
      cadence_ms: [...cadence_ms],
      level_dbm0: -17.6,
      bursts: Math.floor(((SOUND_S - from_s) * 1000) / (cadence_ms[0] + cadence_ms[1])),
      deviation_ms: 6,
      from_ms: from_s * 1000,
      until_ms: SOUND_S * 1000,
    };
    const is_known = kept.tone === BUSY || this.#isLearned(kept.call.port);
    return Promise.resolve({ ok: true, value: { tone, text: `busy ${hz} ${cadence_ms.join("/")}`, is_known, ends_its_call: true } });
  }

  async prove(port: PortId, text: string, clips: number, progress: (told: ToneProof) => void): Promise<Outcome<ToneProof, LessonError>> {
    this.#cancelled = false;
    const calls = this.history.newest(KEPT_SOUNDS).filter((call) => call.port === port && toneOf(call) !== undefined);
    const proof: ToneProof = { calls: 0, calls_s: 0, ended: [], minutes: [0, 0, 0], false_ends: [0, 0, 0], done: 0 };
    const steps = calls.length + clips;
    const told = async (step: number): Promise<boolean> => {
      // Calls are short: ten of them take as long as a clip.
      if (step > calls.length || step % 10 === 0) await new Promise((next) => setTimeout(next, this.pace_ms));
      proof.done = step / steps;
      progress(structuredClone(proof));
      return this.#cancelled;
    };
    for (const [place, call] of calls.entries()) {
      proof.calls += 1;
      proof.calls_s += SOUND_S;
      const tone = toneOf(call);
      const at_ms = tone === BUSY ? 19_880 : 11_320;
      const isHeard = tone === BUSY || (tone === UNKNOWN && text === UNKNOWN_TEXT);
      if (isHeard) proof.ended.push({ call: call.id, end: { at_ms, tone: "busy", speaks_on: this.trouble && proof.ended.length === 1 } });
      if (await told(place + 1)) return { ok: false, refusal: { kind: "cancelled" } };
    }
    for (let clip = 0; clip < clips; clip += 1) {
      const kind = clip % 3;
      proof.minutes[kind] = (proof.minutes[kind] ?? 0) + CLIP_MIN;
      if (this.trouble && kind === 1 && clip < 6) proof.false_ends[kind] = (proof.false_ends[kind] ?? 0) + 1;
      if (await told(calls.length + clip + 1)) return { ok: false, refusal: { kind: "cancelled" } };
    }
    return { ok: true, value: { ...proof, done: 1 } };
  }

  cancelProof(): Promise<void> {
    this.#cancelled = true;
    return Promise.resolve();
  }
}
