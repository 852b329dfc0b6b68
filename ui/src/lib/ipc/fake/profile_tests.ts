/** Line profiles tried in the toy world: all is as promised, but in a world of trouble three checks fail, each in a way of its own. */
import type { ProfileTests } from "../profile_tests";
import type { Country, ProfileCheck, ProfileResult, ProgressTone, ToneRow } from "../types";
import { toyTable } from "./table";

/** Tones that end a call, in the order in which they are tried. */
const ENDING: readonly ProgressTone[] = ["busy", "congestion", "dial"];

/** Limits as the program has them, in ms. */
const DISCONNECT_MS = 3000;
const DIAL_TONE_MS = 600;
const CADENCED_DIAL_TONE_MS = 3000;
const INTERRUPTION_MS = 250;
const RING_MARGIN_MS = 1650;

function usual(country: Country, tone: ProgressTone): ToneRow {
  if (tone === "congestion") return country.congestion;
  return tone === "dial" ? country.dial : country.busy;
}

function forms(country: Country, tone: ProgressTone): ToneRow[] {
  return [usual(country, tone), ...country.variants.filter((variant) => variant.tone === tone).map(({ row }) => row)];
}

function checksOf(country: Country): ProfileCheck[] {
  return [
    { check: "dial_tone" },
    { check: "dtmf_digits" },
    { check: "pulse_digits" },
    { check: "ringback" },
    { check: "busy" },
    { check: "congestion" },
    ...ENDING.flatMap((tone) => forms(country, tone).map((_, form): ProfileCheck => ({ check: "disconnect", tone, form }))),
    { check: "loop_interruption" },
    ...country.caller_id.map((habit): ProfileCheck => ({ check: "caller_id", habit })),
    { check: "missed_call" },
    { check: "conversation" },
  ];
}

const cycle = (row: ToneRow): number => row.cadence_ms.reduce((sum, ms) => sum + ms, 0);
const ending = (row: ToneRow): number => Math.max(2 * cycle(row) + 500, DISCONNECT_MS);

/** How long a check takes and may take, in ms; nothing where time does not matter. */
function times(country: Country, check: ProfileCheck): [took: number, limit: number] | null {
  switch (check.check) {
    case "dial_tone":
      return country.dial.cadence_ms.length === 0 ? [418, DIAL_TONE_MS] : [1984, CADENCED_DIAL_TONE_MS];
    case "busy":
      return [2 * cycle(country.busy) + 366, ending(country.busy)];
    case "congestion":
      return [2 * cycle(country.congestion) + 382, ending(country.congestion)];
    case "disconnect": {
      const row = forms(country, check.tone)[check.form] ?? country.busy;
      return [row.cadence_ms.length === 0 ? 2214 + 30 * check.form : 2 * cycle(row) + 374, ending(row)];
    }
    case "loop_interruption":
      return [226, INTERRUPTION_MS];
    case "missed_call": {
      const pause = Math.max(...country.ring_cadence_ms.filter((_, step) => step % 2 === 1));
      return [pause + RING_MARGIN_MS - 240, pause + RING_MARGIN_MS];
    }
    default:
      return null;
  }
}

/** What goes wrong in a world of trouble: a tone that is not heard, an open loop that is noticed too late, a caller who stays unknown. */
function wrong(result: ProfileResult): ProfileResult {
  const { check } = result;
  if (check.check === "disconnect" && check.tone === "congestion" && check.form === 0) return { ...result, passed: false, took_ms: null };
  if (check.check === "loop_interruption") return { ...result, passed: false, took_ms: 612 };
  if (check.check === "caller_id" && check.habit.source === "dtmf") return { ...result, passed: false };
  return result;
}

export class FakeProfileTests implements ProfileTests {
  /** How long a check takes, in ms. */
  pace_ms = 150;
  /** What was asked, so that a test can see that nothing more is. */
  readonly asked: string[] = [];
  readonly #countries = toyTable().countries;

  /** `trouble`: not everything is as promised. */
  constructor(readonly trouble: boolean) {}

  checks(code: string): Promise<ProfileCheck[]> {
    const country = this.#countries.find((known) => known.code === code);
    return Promise.resolve(country ? checksOf(country) : []);
  }

  async attempt(code: string, place: number): Promise<ProfileResult | null> {
    this.asked.push(`${code} ${place}`);
    await new Promise((over) => setTimeout(over, this.pace_ms));
    const country = this.#countries.find((known) => known.code === code);
    const check = country && checksOf(country)[place];
    if (!country || !check) return null;
    const [took_ms, limit_ms] = times(country, check) ?? [null, null];
    const result: ProfileResult = { check, passed: true, took_ms, limit_ms };
    return this.trouble ? wrong(result) : result;
  }
}
