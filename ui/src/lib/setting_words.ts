/** What is said about a setting: its name, what it does, its range and its values. */
import type { Words } from "../i18n";
import type { FieldInfo, FieldValue, Kind } from "./ipc/types";
import { general, ofList } from "./paths";

/** The key of a setting in the language files, below `settings.`. */
function key(path: string): string {
  return ofList(general(path)).replace("[]", "");
}

/** What a setting is called; a port that comes or goes as a whole is called by its number. */
export function settingName(words: Words, path: string): string {
  const port = /^ports\[(\d+)\]$/.exec(path)?.[1];
  if (port !== undefined) return words.t("port.title", { n: Number(port) + 1 });
  return words.code("settings", key(path));
}

/** What a setting does, and when to change it. */
export function settingHint(words: Words, path: string): string {
  return words.code("settings", `${key(path)}.hint`);
}

/** A word of a list, as people say it. */
export function choiceWords(words: Words, path: string, word: string): string {
  return general(path) === "gateway.mode" ? words.code("mode", word) : words.code("settings", `${key(path)}.${word}`);
}

/** "s", "ms", "cycles"; nothing for a bare number. */
export function unitWords(words: Words, kind: Kind): string {
  return kind.type === "integer" && kind.unit !== "none" ? words.code("unit", kind.unit) : "";
}

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** `14400` → `4 h`, `90` → `1 min 30 s`: seconds as people count them; nothing below a minute, where the number says it already. */
export function spelled(seconds: number): string {
  if (seconds < MINUTE_S) return "";
  const parts: [number, string][] = [
    [Math.floor(seconds / DAY_S), "d"],
    [Math.floor((seconds % DAY_S) / HOUR_S), "h"],
    [Math.floor((seconds % HOUR_S) / MINUTE_S), "min"],
    [seconds % MINUTE_S, "s"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** A value of a setting, with its unit. Secrets are never shown. */
export function settingValue(words: Words, info: FieldInfo, value: unknown): string {
  const { kind, path } = info;
  switch (kind.type) {
    case "flag":
      return words.t(value === true ? "setting.on" : "setting.off");
    case "integer":
      if (value === 0 && kind.zero_is_off) return words.t("setting.off");
      return `${String(value)} ${unitWords(words, kind)}`.trim();
    case "choice":
      return choiceWords(words, path, String(value));
    case "choices":
      return Array.isArray(value) ? value.map((word) => choiceWords(words, path, String(word))).join(", ") : "";
    case "texts":
      return Array.isArray(value) && value.length > 0 ? value.join(", ") : words.t("setting.none");
    case "text":
      if (kind.shape === "country") return words.code("country", String(value));
      return value === "" || value === undefined ? words.t("setting.blank") : String(value);
    case "secret":
      return words.t(value === "" || value === false ? "setting.blank" : "review.secret");
  }
}

/** A value as a review or a comparison tells it; `info`: what the table says of its setting. */
export function valueWords(words: Words, info: FieldInfo | undefined, value: FieldValue | null): string {
  if (value === null || info === undefined) return words.t("setting.blank");
  return settingValue(words, info, value.value);
}

/** "60–3600 s · 0 turns it off": what may be typed; nothing where the control shows it. */
export function rangeWords(words: Words, info: FieldInfo): string {
  const { kind } = info;
  if (kind.type === "integer") {
    const { min, max } = kind;
    const unit = unitWords(words, kind);
    const range = unit === "" ? words.t("setting.range", { min, max }) : words.t("setting.range_unit", { min, max, unit });
    return kind.zero_is_off ? `${range} · ${words.t("setting.zero_is_off")}` : range;
  }
  if (kind.type === "text" && kind.shape !== "country") return words.t("setting.longest", { n: kind.max_chars });
  if (kind.type === "texts") return words.t("setting.most", { n: kind.max_items });
  return "";
}

/** The default, as it stands in the draft: a secret has none. */
export function defaultOf(info: FieldInfo): unknown {
  return info.default.type === "secret" ? "" : info.default.value;
}

/** Whether two values of a setting are the same; lists are, item by item. */
export function sameValue(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((item, index) => item === b[index]) : a === b;
}
