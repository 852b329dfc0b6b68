/** Light, dark or high contrast: the system's, until a person chooses another. The colours are in `tokens.css`. */
export const THEMES = ["system", "light", "dark", "contrast"] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** What `tokens.css` knows, as `data-theme` of the root. */
export type ThemeName = "light" | "dark" | "contrast-light" | "contrast-dark";

const STORED = "loopstart.theme";

class Theme {
  choice: ThemeChoice = $state(stored());
  readonly #dark = new Preference("(prefers-color-scheme: dark)");
  readonly #contrast = new Preference("(prefers-contrast: more)");

  name: ThemeName = $derived(named(this.choice, this.#dark.holds, this.#contrast.holds));

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === "system") localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, choice);
  }
}

/** High contrast has a light and a dark side; which of them is the system's word, whatever else was chosen. */
export function named(choice: ThemeChoice, dark: boolean, contrast: boolean): ThemeName {
  switch (choice) {
    case "light":
    case "dark":
      return choice;
    case "contrast":
      return dark ? "contrast-dark" : "contrast-light";
    case "system":
      if (contrast) return dark ? "contrast-dark" : "contrast-light";
      return dark ? "dark" : "light";
  }
}

/** What the system prefers, followed as it changes. */
class Preference {
  holds: boolean = $state(false);

  constructor(query: string) {
    const media = typeof matchMedia === "function" ? matchMedia(query) : null;
    this.holds = media?.matches ?? false;
    media?.addEventListener("change", ({ matches }) => (this.holds = matches));
  }
}

function stored(): ThemeChoice {
  const value = localStorage.getItem(STORED);
  return THEMES.find((theme) => theme === value) ?? "system";
}

export const theme = new Theme();
