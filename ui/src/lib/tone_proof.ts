/** Moments and lengths of a kept sound, as a person reads them. */
import type { Words } from "../i18n";

/** A moment in a sound, or its length: "12,4 s". */
export function momentWords(words: Words, ms: number): string {
  const format = new Intl.NumberFormat(words.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return words.t("plan.seconds", { n: format.format(ms / 1000) });
}
