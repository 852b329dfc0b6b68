/** What the palette offers: pages, things to do, and settings by every name that anybody gives them. */
import type { Key, Language } from "../i18n";
import { LANGUAGES } from "../i18n";
import type { Name } from "./finding";
import type { IconName } from "./icons";
import { jump } from "./jump";
import { actOnLine, order } from "./orders";
import { PROFILE_TEST } from "./profile_test";
import { pageOf } from "./setting_pages";
import { settingHint, settingName } from "./setting_words";
import { draft } from "./state/draft.svelte";
import { live } from "./state/live.svelte";
import { EVERY_LANGUAGE, locale, type LanguageChoice } from "./state/locale.svelte";
import { PAGES, route } from "./state/route.svelte";
import { table } from "./state/table.svelte";
import { theme, THEMES } from "./state/theme.svelte";

export interface Command {
  id: string;
  icon: IconName;
  title: string;
  /** What stands at its end: a key, or the page it leads to. */
  aside: string;
  names: readonly Name[];
  run: () => void;
}

/** A hint describes many settings a little; a name means one. */
const HINT_WEIGHT = 0.5;
const PATH_WEIGHT = 0.9;

/** The key of a page: Alt with its place, the tenth with 0. */
export function pageKey(index: number): string {
  return index < 10 ? String((index + 1) % 10) : "";
}

/** A name in the language of the window and in all others. */
function named(say: (words: (typeof EVERY_LANGUAGE)[number]) => string): Name[] {
  return [...new Set([say(locale.words), ...EVERY_LANGUAGE.map(say)])].map((text) => ({ text, weight: 1 }));
}

export function pageCommands(): Command[] {
  return PAGES.map((page, index) => ({
    id: `page:${page.name}`,
    icon: page.icon,
    title: locale.words.t(page.title),
    aside: pageKey(index) === "" ? "" : locale.words.t("palette.page_key", { key: pageKey(index) }),
    names: named((words) => words.t(page.title)),
    run: () => route.go(page.name),
  }));
}

function act(id: string, icon: IconName, key: Key, run: () => void, args: Record<string, string | number> = {}, aside = ""): Command {
  return { id, icon, title: locale.words.t(key, args), aside, names: named((words) => words.t(key, args)), run };
}

function draftActs(): Command[] {
  if (!draft.dirty) return [];
  const discard = act("discard", "close", "palette.discard", () => draft.discard());
  return draft.errors.length > 0 ? [discard] : [act("apply", "check", "palette.apply", () => void draft.apply()), discard];
}

function portActs(): Command[] {
  const hangUp = live.ports
    .filter(({ call }) => call !== null)
    .map(({ port }) => act(`hang_up:${port}`, "hook", "palette.hang_up", () => order({ do: "hang_up", port }), { n: port + 1 }));
  const ring = (live.exchange ?? [])
    .filter(({ connected, ringing, off_hook }) => connected && !ringing && !off_hook)
    .map(({ port }) => act(`ring:${port}`, "bell", "palette.ring", () => actOnLine(port, { act: "ring" }), { n: port + 1 }));
  return [...hangUp, ...ring];
}

/** The test of the line profile that the draft chooses. It is begun by a person who stands before it. */
function profileActs(): Command[] {
  const { country } = draft.settings.gateway;
  if (!table.countries.some(({ code }) => code === country)) return [];
  const say = (words: (typeof EVERY_LANGUAGE)[number]): string => words.t("palette.profile_test", { country: words.code("country", country) });
  const run = (): void => route.go("lines", PROFILE_TEST);
  return [{ id: "profile_test", icon: "probe", title: say(locale.words), aside: locale.words.t("nav.lines"), names: named(say), run }];
}

function displayActs(): Command[] {
  const themes = THEMES.map((choice) => {
    const command = act(`theme:${choice}`, "display", `theme.${choice}`, () => theme.choose(choice), {}, locale.words.t("theme.label"));
    return { ...command, names: [...command.names, ...named((words) => `${words.t("theme.label")} ${words.t(`theme.${choice}`)}`)] };
  });
  const languages = LANGUAGES.map((language: Language) => ({
    id: `language:${language}`,
    icon: "globe" as const,
    title: locale.words.code("language", language),
    aside: locale.words.t("language.label"),
    names: [{ text: locale.words.code("language", language), weight: 1 }, ...named((words) => words.t("language.label"))],
    run: () => locale.choose(language as LanguageChoice),
  }));
  return [...themes, ...languages];
}

export function actCommands(): Command[] {
  return [...draftActs(), ...portActs(), ...profileActs(), ...displayActs()];
}

export function settingCommands(): Command[] {
  return table.fields.flatMap((info) => {
    const page = PAGES.find(({ name }) => name === pageOf(info.path));
    if (!page) return [];
    return [
      {
        id: `setting:${info.path}`,
        icon: page.icon,
        title: settingName(locale.words, info.path),
        aside: locale.words.t(page.title),
        names: [
          ...named((words) => settingName(words, info.path)),
          ...info.aliases.map((text) => ({ text, weight: 1 })),
          { text: info.path, weight: PATH_WEIGHT },
          ...named((words) => settingHint(words, info.path)).map(({ text }) => ({ text, weight: HINT_WEIGHT })),
        ],
        run: () => void jump(info.path),
      },
    ];
  });
}
