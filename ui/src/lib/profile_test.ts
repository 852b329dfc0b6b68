/** How the test of a line profile is shown: its checks and times in the words and figures of a language. */
import type { Words } from "../i18n";
import { habitWords } from "./country_plan";
import type { Country, ProfileCheck } from "./ipc/types";

/** Where the test of the profile stands on its page, for who is led there. */
export const PROFILE_TEST = "profile_test";

/** What a check tries. */
export function checkWords(words: Words, check: ProfileCheck): string {
  switch (check.check) {
    case "disconnect":
      return words.code("profile_check", check.check, { tone: words.code("tone", check.tone) });
    case "caller_id":
      return words.code("profile_check", check.check, { habit: habitWords(words, check.habit) });
    default:
      return words.code("profile_check", check.check);
  }
}

/** Which further form of a tone a check plays, and whose it is; `null`: the usual one, or none. */
export function formWords(words: Words, country: Country, check: ProfileCheck): string | null {
  if (check.check !== "disconnect" || check.form === 0) return null;
  const variants = country.variants.filter(({ tone }) => tone === check.tone);
  return words.t("profile_test.form", { n: check.form + 1, of: variants[check.form - 1]?.of ?? "" });
}

/** A check with its form, in one piece. */
export function wholeCheckWords(words: Words, country: Country, check: ProfileCheck): string {
  const form = formWords(words, country, check);
  return form === null ? checkWords(words, check) : `${checkWords(words, check)} (${form})`;
}

/** "1,37": seconds with figures that stand in a column. */
export function tookFigure(words: Words, ms: number): string {
  return new Intl.NumberFormat(words.language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(ms / 1000);
}

/** "3,0": seconds of a limit, which is round. */
export function limitFigure(words: Words, ms: number): string {
  return new Intl.NumberFormat(words.language, { minimumFractionDigits: 1, maximumFractionDigits: 2 }).format(ms / 1000);
}

/** Where the limit stands on the bar of a check; what is right of it is late. */
export const LIMIT_AT = 0.8;

/** How far the bar of a check reaches, at most to its end. */
export function reach(took_ms: number, limit_ms: number): number {
  return Math.min(1, (LIMIT_AT * took_ms) / Math.max(1, limit_ms));
}
