/** Marks of a call, in words. */
import type { Words } from "../i18n";
import type { MarkKind } from "./ipc/types";
import { party } from "./party";
import { evidenceWords } from "./words";

/** What was seen or done; a kind that this window does not know says so. */
export function markWords(words: Words, mark: MarkKind | null): string {
  if (mark === null) return words.t("timeline.unknown");
  switch (mark.kind) {
    case "ring_on":
      return mark.frequency_hz === null ? words.t("timeline.ring_on") : words.t("timeline.ring_on_hz", { frequency: mark.frequency_hz });
    case "ring_off":
      return words.t("timeline.ring_off", { on_ms: mark.on_ms });
    case "hook":
      return words.t(mark.off_hook ? "timeline.off_hook" : "timeline.on_hook");
    case "battery":
      return words.t(mark.present ? "timeline.battery_came" : "timeline.battery_went");
    case "polarity":
      return words.t(mark.forward ? "timeline.polarity_forward" : "timeline.polarity_reversed");
    case "loop_interruption":
      return words.t("timeline.loop_interruption", { duration_ms: mark.duration_ms });
    case "extension":
      return words.t(mark.off_hook ? "timeline.extension_off_hook" : "timeline.extension_on_hook");
    case "caller_id": {
      const number = mark.number ? party(mark.number) : words.t("call.unknown_caller");
      const who = mark.name ? `${number} ${mark.name}` : number;
      return words.t("timeline.caller_id", { who, source: words.code("timeline.source", mark.source) });
    }
    case "tone":
      return words.t("timeline.tone", { tone: words.code("tone", mark.tone), frequency: Math.round(mark.frequency_hz ?? 0), cycles: mark.cycles });
    case "digit_heard":
      return words.t("timeline.digit_heard", { digit: mark.digit });
    case "digit_sent":
      return words.t("timeline.digit_sent", { digit: mark.digit });
    case "dialing":
      return words.t("timeline.dialing", { digits: mark.digits });
    case "seize_failed":
      return words.t("timeline.seize_failed", { failure: words.code("timeline.failure", mark.failure) });
    case "sip_in":
      return words.t("timeline.sip_in", { message: mark.message, peer: party(mark.peer) });
    case "sip_out":
      return words.t("timeline.sip_out", { message: mark.message, peer: party(mark.peer) });
    case "answered":
      return words.t("timeline.answered", { by: words.code("timeline.by", mark.by) });
    case "media_attached":
      return words.t("timeline.media_attached", { peer: mark.peer });
    case "evidence":
      return words.t("timeline.evidence", { evidence: evidenceWords(words, mark.evidence) });
    case "ended":
      return words.t("timeline.ended", { cause: words.code("cause", mark.cause) });
    case "left_out":
      return words.n("timeline.left_out", mark.count);
    case "ringing_ended":
    case "voice":
    case "dialed":
    case "flash":
    case "seizing":
    case "releasing":
    case "released":
    case "stuck":
    case "sip_lost":
    case "media_detached":
      return words.code("timeline", mark.kind);
  }
}

/** Whether the call turned here. */
export function turns(mark: MarkKind | null): boolean {
  return mark !== null && ["caller_id", "answered", "evidence", "ended", "stuck", "seize_failed"].includes(mark.kind);
}
