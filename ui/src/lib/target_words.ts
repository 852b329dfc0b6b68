/** What a target means, said below its field. */
import type { Words } from "../i18n";
import type { TargetPreview } from "./ipc/types";

/** Whom a ring will call, and the exact URI. The host of a registered phone is known only when it registers: `sip:101@…`. */
export function targetWords(words: Words, preview: TargetPreview | undefined, blank: boolean): { hint: string; hintUri: string } {
  if (!preview || preview.fault !== null) return { hint: "", hintUri: "" };
  const hint = blank ? "users.target.blank" : preview.host_from_contact ? "users.target.calls_phone" : "users.target.calls";
  return { hint: words.t(hint), hintUri: preview.host_from_contact ? preview.uri.replace("@*", "@…") : preview.uri };
}
