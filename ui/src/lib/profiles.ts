/** Words and places for the page of profiles. */
import type { Words } from "../i18n";
import type { ProfileFault } from "./ipc/types";
import { place } from "./paths";
import { settingName } from "./setting_words";
import { problemWords } from "./words";

/** The last part of a path, whichever way the system writes paths. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}

/** Where a setting stands: "Port 2", or the gateway. */
export function placeWords(words: Words, path: string): string {
  const { port } = place(path);
  return port === null ? words.t("review.gateway") : words.t("port.title", { n: port + 1 });
}

/** What is wrong with a file, one line a mistake. */
export function faultLines(words: Words, fault: ProfileFault): { where: string; what: string }[] {
  if (fault.kind !== "problems") {
    return [{ where: "", what: words.code("profile_fault", fault.kind, "detail" in fault ? { detail: fault.detail } : {}) }];
  }
  return fault.problems.map((problem) => ({
    where: problem.path === "" ? "" : `${placeWords(words, problem.path)} · ${settingName(words, problem.path)}`,
    what: problemWords(words, problem),
  }));
}

/** The seal is what stands between a person and the profile: nothing else is wrong with it. */
export function asksForPassphrase(fault: ProfileFault): boolean {
  return fault.kind === "problems" && fault.problems.every(({ code }) => code === "passphrase_needed" || code === "wrong_passphrase");
}
