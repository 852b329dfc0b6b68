/** What a change costs, in a few words: "registers again", "ends no call". */
import type { Words } from "../i18n";
import type { Change, PortView } from "./ipc/types";
import { dearest } from "./words";

/** New sockets cut what was agreed with the far end of a call; nothing else reaches one. */
export function callsCut(changes: readonly Change[], ports: readonly PortView[]): number {
  const rebound = changes.filter(({ grade }) => grade === "rebind").flatMap(({ touches }) => touches);
  return ports.filter(({ port, call }) => call !== null && rebound.includes(port)).length;
}

export function touchWords(words: Words, changes: readonly Change[], ports: readonly PortView[]): string[] {
  const grade = dearest(changes);
  if (!grade) return [];
  const cut = callsCut(changes, ports);
  return [words.code("grade", grade), cut === 0 ? words.t("apply.touch.no_call") : words.n("apply.touch.cuts", cut)];
}
