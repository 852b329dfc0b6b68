/** The language that the web view tells. */

/**
 * A web view repeats the locale of the system, and `C` or `C.UTF-8` is no language tag (BCP 47): libraries that hand it to `Intl` throw.
 * In such a place the window says it is in English.
 */
export function repairLanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en", configurable: true });
  }
}
