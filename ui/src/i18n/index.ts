/** The only module that turns a code into words. */
import type messagesPt from "./pt-BR";

export type Messages = typeof messagesPt;
export type Key = keyof Messages;
export type Language = "pt-BR" | "en" | "es";
export type Args = Record<string, string | number>;

export const LANGUAGES: readonly Language[] = ["pt-BR", "en", "es"];

/** The language a list of preferred tags asks for. */
export function preferredLanguage(tags: readonly string[]): Language {
  for (const tag of tags) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "pt") return "pt-BR";
    if (primary === "en" || primary === "es") return primary;
  }
  return "en";
}

/** Puts the arguments into a message: `{name}`. A missing argument leaves a dash, never a hole. */
export function fill(message: string, args: Args = {}): string {
  return message.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = args[name];
    return value === undefined || value === "" ? "–" : String(value);
  });
}

/** One language, ready to speak. */
export class Words {
  readonly #plurals: Intl.PluralRules;

  constructor(
    readonly language: Language,
    readonly messages: Readonly<Record<string, string>>,
  ) {
    this.#plurals = new Intl.PluralRules(language);
  }

  /** The words for a key that is known when the window is built. */
  t = (key: Key, args?: Args): string => fill(this.messages[key] ?? key, args);

  /** The words for a counted key: `<key>.one`, `<key>.other`. */
  n = (key: string, count: number, args?: Args): string => {
    const form = this.#plurals.select(count) === "one" ? "one" : "other";
    return fill(this.messages[`${key}.${form}`] ?? key, { n: count, ...args });
  };

  /** The words for a code of the program: `<family>.<code>`. A code without words is shown as itself. */
  code = (family: string, code: string, args?: Args): string => {
    const message = this.messages[`${family}.${code}`];
    return message === undefined ? code : fill(message, args);
  };
}
