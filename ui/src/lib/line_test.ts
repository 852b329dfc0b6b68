/** How a line test is shown: values, limits and verdicts in the words and figures of a language. */
import type { Words } from "../i18n";
import type { IconName } from "./icons";
import { CHECK_UNITS } from "./ipc/bindings";
import type { Bounds, CheckResult, CheckUnit, PortState, Verdict } from "./ipc/types";

/** Verdicts look the same everywhere: an icon, a colour, and a word beside them. */
export const VERDICT_LOOKS: Readonly<Record<Verdict, { icon: IconName; hue: string }>> = {
  pass: { icon: "pass", hue: "talking" },
  warn: { icon: "warning", hue: "dialing" },
  fail: { icon: "alarm", hue: "fault" },
  not_measured: { icon: "ring-dashed", hue: "idle" },
};

/** A line that can be measured: nobody uses it here. One without battery or with a parallel telephone is measured as far as that goes. */
export function isMeasurable(state: PortState): boolean {
  return state === "idle" || state === "no_battery" || state === "in_use";
}

function figures(words: Words, unit: CheckUnit, value: number): string {
  const { decimals } = CHECK_UNITS[unit];
  const text = new Intl.NumberFormat(words.language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value);
  return text.replace("-", "−");
}

/** "48,2 V"; a dash where nothing was measured. */
export function valueWords(words: Words, { value, unit }: CheckResult): string {
  return value === null ? "–" : `${figures(words, unit, value)} ${CHECK_UNITS[unit].sign}`;
}

function range(words: Words, unit: CheckUnit, { least, most }: Bounds): string {
  if (least !== null && most !== null) return `${figures(words, unit, least)}…${figures(words, unit, most)}`;
  if (least !== null) return `≥ ${figures(words, unit, least)}`;
  return most === null ? "" : `≤ ${figures(words, unit, most)}`;
}

/** "40,0…60,0 (20,0…80,0)": what passes, and in brackets what is worth a look. */
export function limitsWords(words: Words, { unit, limits }: CheckResult): string {
  return `${range(words, unit, limits.pass)} (${range(words, unit, limits.warn)})`;
}

/** The families of codes that the file of a test is written with. */
const IN_FILE = ["line_check.", "verdict.", "cause.", "line_test_file."];

/** The words that the file of a test is written with, by their codes. */
export function fileWords(words: Words): Record<string, string> {
  return Object.fromEntries(Object.entries(words.messages).filter(([key]) => IN_FILE.some((family) => key.startsWith(family))));
}
