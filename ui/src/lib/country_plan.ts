/** The line profile of a country in the words and figures of a language. */
import type { Words } from "../i18n";
import type { Country, CallerIdHabit, ProgressTone, ToneRow } from "./ipc/types";

/** Seconds that the drawing of a cadence shows. */
export const SHOWN_S = 6;

/** The tones of a plan, in the order in which a call meets them. */
const TONES: readonly ProgressTone[] = ["dial", "ringback", "busy", "congestion", "call_waiting"];

/** A tone as the plan lists it; without a row nothing is known of it. */
export interface ListedTone {
  tone: ProgressTone;
  /** 1 is the usual form; the further ones are counted on, as the test of the profile counts them. */
  form: number;
  row: ToneRow | null;
  /** Whose form it is, as the data has it; `null`: it is the usual one. */
  of: string | null;
}

function usual(country: Country, tone: ProgressTone): ToneRow | null {
  switch (tone) {
    case "dial":
    case "ringback":
    case "busy":
    case "congestion":
    case "call_waiting":
      return country[tone];
    default:
      return null;
  }
}

/** Every tone of a country, each followed by its further forms. */
export function listedTones(country: Country): ListedTone[] {
  // A tone that a country has only as a further form is listed as well.
  const further = country.variants.map(({ tone }) => tone).filter((tone) => !TONES.includes(tone));
  return [...TONES, ...new Set(further)].flatMap((tone) => {
    const variants = country.variants.filter((variant) => variant.tone === tone);
    const forms = variants.map(({ row, of }, index) => ({ tone, form: index + 2, row, of }));
    return [{ tone, form: 1, row: usual(country, tone), of: null }, ...forms];
  });
}

/** A number with the minus sign of figures, and thousands as instruments show them. */
function figure(words: Words, value: number, most = 3): string {
  return new Intl.NumberFormat(words.language, { maximumFractionDigits: most, useGrouping: false }).format(value).replace("-", "−");
}

/** "400 + 450 Hz". */
export function pitchWords(words: Words, { frequencies_hz }: ToneRow): string {
  return words.t("plan.hertz", { n: frequencies_hz.map((hz) => figure(words, hz ?? 0, 1)).join(" + ") });
}

/** "−13 dBm0"; a dash where nothing is known. */
export function levelWords(words: Words, level_dbm0: number | null): string {
  return level_dbm0 === null ? "–" : words.t("plan.dbm0", { n: figure(words, level_dbm0, 1) });
}

/** Pairs of on and off that follow each other and are the same. */
function runs(cadence_ms: readonly number[]): { pair: readonly number[]; times: number }[] {
  const found: { pair: readonly number[]; times: number }[] = [];
  for (let at = 0; at < cadence_ms.length; at += 2) {
    const pair = cadence_ms.slice(at, at + 2);
    const last = found.at(-1);
    if (last && last.pair.join() === pair.join()) last.times += 1;
    else found.push({ pair, times: 1 });
  }
  return found;
}

/** "0,25 – 0,25 – 0,75 – 0,25 s"; what repeats more than twice is counted: "3 × (0,2 – 0,2) – 0,6 – 0,2 s". */
export function rhythmWords(words: Words, cadence_ms: readonly number[]): string {
  if (cadence_ms.length === 0) return words.t("plan.continuous");
  const said = runs(cadence_ms).flatMap(({ pair, times }) => {
    const text = pair.map((ms) => figure(words, ms / 1000)).join(" – ");
    return times > 2 ? [`${times} × (${text})`] : Array.from({ length: times }, () => text);
  });
  return words.t("plan.seconds", { n: said.join(" – ") });
}

/** "DTMF antes do primeiro toque". */
export function habitWords(words: Words, { source, timing }: CallerIdHabit): string {
  return words.code("plan.timing", timing, { source: words.code("plan.source", source) });
}

/** How caller ID comes, a line each. */
export function callerIdWords(words: Words, country: Country): string[] {
  if (country.caller_id.length === 0) return [words.t("plan.caller_id.any")];
  const habits = country.caller_id.map((habit) => habitWords(words, habit));
  return country.caller_id_category ? [...habits, words.t("plan.caller_id.category")] : habits;
}

/** A time in ms, and what is said where it is not known. */
export function millisecondsWords(words: Words, ms: number | null, unknown: string): string {
  return ms === null ? unknown : words.t("plan.milliseconds", { n: figure(words, ms) });
}

/** The two levels of the digits that the gateway dials. */
export function dtmfWords(words: Words, { dtmf_low_dbm0, dtmf_high_dbm0 }: Country): string {
  if (dtmf_low_dbm0 === null || dtmf_high_dbm0 === null) return words.t("plan.unknown");
  return words.t("plan.dtmf.levels", { low: figure(words, dtmf_low_dbm0, 1), high: figure(words, dtmf_high_dbm0, 1) });
}

/** The pulses that the gateway dials. */
export function pulsesWords(words: Words, { pulses }: Country): string {
  return words.t("plan.pulses.form", { n: pulses.per_second, make: pulses.make_percent, break: 100 - pulses.make_percent });
}
