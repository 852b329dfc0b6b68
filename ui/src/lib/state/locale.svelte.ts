/** The language of the window: the system's, until a person chooses another. */
import { LANGUAGES, preferredLanguage, Words, type Language } from "../../i18n";
import en from "../../i18n/en";
import es from "../../i18n/es";
import pt from "../../i18n/pt-BR";

const MESSAGES: Record<Language, Record<string, string>> = { "pt-BR": pt, en, es };
const STORED = "loopstart.language";

/** All languages at once: a setting is found by its name in any of them. */
export const EVERY_LANGUAGE: readonly Words[] = LANGUAGES.map((language) => new Words(language, MESSAGES[language]));

export type LanguageChoice = Language | "system";

class Locale {
  choice: LanguageChoice = $state(stored());
  language: Language = $derived(this.choice === "system" ? preferredLanguage(navigator.languages) : this.choice);
  words: Words = $derived(new Words(this.language, MESSAGES[this.language]));

  choose(choice: LanguageChoice): void {
    this.choice = choice;
    if (choice === "system") localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, choice);
  }
}

function stored(): LanguageChoice {
  const value = localStorage.getItem(STORED);
  return LANGUAGES.find((language) => language === value) ?? "system";
}

export const locale = new Locale();
