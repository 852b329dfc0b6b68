/** What a technician sends to who helps: the state of everything as text, without secrets and without anybody's number. Pure. */
import type { Words } from "../i18n";
import { boxWords } from "./box";
import type { Check } from "./health";
import type { DeviceStatus, FieldInfo, Notice, Settings, Snapshot } from "./ipc/types";
import { ofPort, valueAt } from "./paths";
import { defaultOf, sameValue, settingName, settingValue } from "./setting_words";
import { noticeWords, registrationWords } from "./words";

export interface Reported {
  version: string;
  at: Date;
  checks: readonly Check[];
  settings: Settings;
  fields: readonly FieldInfo[];
  snapshot: Snapshot;
  device: DeviceStatus | null;
  notices: readonly Notice[];
  /** The moment of a notice as a date. */
  date: (at_ms: number) => Date;
}

/** Notices that are reported, the last ones. */
const NOTICES = 200;

/** Arguments of notices that may hold somebody's number or name, or words of a stranger. */
const HIDDEN = ["from", "to", "caller", "target", "user", "contact", "reason"];

export function report(words: Words, of: Reported): string {
  const { snapshot } = of;
  const ports = snapshot.ports.map(({ port, state, registration }) =>
    [words.t("port.title", { n: port + 1 }), words.code("state", state), registrationWords(words, registration)].join(" · "),
  );
  const checks = of.checks.map(({ id, verdict, found }) => `[${words.code("verdict", verdict)}] ${words.code("check", id)}: ${found}`);
  const parts = [
    [words.t("report.head", { version: of.version, date: of.at.toISOString() })],
    [words.code("mode", snapshot.mode), snapshot.sip_address, boxWords(words, of.device)],
    [words.t("diagnostics.checks"), ...checks],
    [words.t("report.ports"), ...ports],
    [words.t("report.settings"), ...changes(words, of)],
    [words.t("diagnostics.history"), ...of.notices.slice(-NOTICES).map((notice) => line(words, of, notice))],
  ];
  return parts.map((part) => part.join("\n")).join("\n\n") + "\n";
}

/** Settings that are not as they were made. Free text is left out: it may be a number, a name, or an address of somebody. */
function changes(words: Words, { fields, settings }: Reported): string[] {
  return fields.flatMap((info) => {
    const { kind } = info;
    if (kind.type === "secret" || kind.type === "texts" || (kind.type === "text" && kind.shape !== "country")) return [];
    const paths = info.path.startsWith("ports[]") ? settings.ports.map((_, index) => ofPort(info.path, index)) : [info.path];
    return paths.flatMap((path) => {
      const value = valueAt(settings, path);
      return sameValue(value, defaultOf(info)) ? [] : [`${path} (${settingName(words, path)}): ${settingValue(words, info, value)}`];
    });
  });
}

function line(words: Words, { date }: Reported, notice: Notice): string {
  const args = Object.fromEntries(
    Object.entries(notice.args).map(([name, value]) => [name, HIDDEN.includes(name) && value !== "" ? words.t("report.hidden") : value]),
  );
  const port = notice.port === null ? "" : ` ${words.t("notice.port", { n: notice.port + 1 })}`;
  return `${date(notice.at_ms).toISOString()} ${notice.severity}${port} ${notice.code}: ${noticeWords(words, { ...notice, args })}`;
}
