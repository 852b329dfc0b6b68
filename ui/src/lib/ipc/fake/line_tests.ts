/** Line tests of the toy world: a line that is in order, but for an echo that is worth a look. */
import type { Outcome } from "../backend";
import type { LineTests } from "../line_tests";
import type { Bounds, CheckResult, CheckUnit, ExportError, LineCheck, LineTestReport, PortId, StoredLineTest, Verdict } from "../types";

const inside = (least: number | null, most: number | null): Bounds => ({ least, most });

/** What a check finds, its limits, and how long it takes. */
const CHECKS: readonly [LineCheck, CheckUnit, number, Bounds, Bounds, number][] = [
  ["on_hook_voltage", "volts", 48.2, inside(40, 60), inside(20, 80), 300],
  ["seizure", "milliseconds", 16, inside(null, 2000), inside(null, 3000), 100],
  ["loop_current", "milliamps", 24.6, inside(18, 60), inside(10, 120), 700],
  ["dial_tone_delay", "milliseconds", 640, inside(null, 3000), inside(null, 6000), 200],
  ["dial_tone_frequency", "hertz", 425.2, inside(415, 435), inside(409, 441), 20],
  ["dial_tone_level", "dbm0", -13.2, inside(-30, -3), inside(-38, 0), 20],
  ["dial_tone_break", "milliseconds", 120, inside(null, 500), inside(null, 1000), 500],
  ["noise", "dbm0", -61.4, inside(null, -45), inside(null, -38), 1300],
  ["echo_return_loss", "decibels", 9.4, inside(12, null), inside(6, null), 1400],
  ["release", "milliseconds", 18, inside(null, 1000), inside(null, 3000), 100],
  ["released_current", "milliamps", 0, inside(null, 1.5), inside(null, 3.3), 1000],
  ["restored_voltage", "volts", 48.1, inside(40, 60), inside(20, 80), 20],
];

/** One step of a test: how long after the one before, and what is known then. */
export interface LineTestStep {
  after_ms: number;
  results: CheckResult[];
  underway: LineCheck | null;
}

const holds = ({ least, most }: Bounds, value: number): boolean => (least === null || value >= least) && (most === null || value <= most);

/** What a test finds, check by check. A cable that is out: no volts, and no seizure. */
export function lineTestSteps(connected: boolean): LineTestStep[] {
  const results: CheckResult[] = [];
  return CHECKS.slice(0, connected ? CHECKS.length : 2).map(([check, unit, good, pass, warn, after_ms], at, made) => {
    const value = connected ? good : check === "seizure" ? null : 0;
    const verdict: Verdict = value === null ? "fail" : holds(pass, value) ? "pass" : holds(warn, value) ? "warn" : "fail";
    results.push({ check, value, unit, limits: { pass, warn }, verdict });
    return { after_ms, results: [...results], underway: made[at + 1]?.[0] ?? null };
  });
}

/** The first check, before anything is known. */
export const FIRST_CHECK: LineCheck = "on_hook_voltage";

export class FakeLineTests implements LineTests {
  #kept: StoredLineTest[] = [];
  /** What was written, by its path. */
  readonly files = new Map<string, { id: string; words: Record<string, string> }>();

  /** A test of the toy world is over. */
  keep(report: LineTestReport, cause: string, startedAt: number, ended_ms: number): void {
    const { id, port, name, device, results } = report;
    const failed = results.some(({ verdict }) => verdict === "fail");
    const whole = results.some(({ check }) => check === "restored_voltage");
    const warned = results.some(({ verdict }) => verdict === "warn");
    const verdict: Verdict = failed ? "fail" : !whole ? "not_measured" : warned ? "warn" : "pass";
    const test = { id, port, name, device, started_at_ms: startedAt + (report.started_ms ?? 0), ended_at_ms: startedAt + ended_ms, verdict, cause, results };
    this.#kept = [test, ...this.#kept];
  }

  of(port: PortId, count: number): Promise<StoredLineTest[]> {
    return Promise.resolve(this.#kept.filter((test) => test.port === port).slice(0, count));
  }

  choosePath(name: string): Promise<string | null> {
    return Promise.resolve(`/home/ana/${name}`);
  }

  export(id: string, path: string, words: Record<string, string>): Promise<Outcome<null, ExportError>> {
    this.files.set(path, { id, words });
    return Promise.resolve({ ok: true, value: null });
  }
}
