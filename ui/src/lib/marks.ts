/** Marks in words and colours: in full for lists, short for the flags of the scope. */
import type { Words } from "../i18n";
import { sourceOf } from "./caller_id_burst";
import type { AudioQuality, CallerId, MarkKind } from "./ipc/types";
import { party } from "./party";
import type { Hue } from "./states";
import { evidenceWords } from "./words";

/** The colour of a mark: that of the state it speaks of, or the accent for SIP. */
export type MarkHue = Hue | "accent";

const minus = (value: number): string => Math.round(value).toString().replace("-", "−");

/** What a mark says, in full. */
export function markWords(words: Words, what: MarkKind): string {
  const said = (args?: Record<string, string | number>): string => words.code("mark", what.kind, args);
  switch (what.kind) {
    case "ring_on":
      return what.frequency_hz === null ? words.t("mark.ring_on_plain") : said({ hz: what.frequency_hz });
    case "ring_off":
      return said({ ms: what.on_ms });
    case "hook":
    case "extension":
      return words.t(what.kind === "hook" ? (what.off_hook ? "mark.off_hook" : "mark.on_hook") : what.off_hook ? "mark.extension_off" : "mark.extension_on");
    case "battery":
      return words.t(what.present ? "mark.battery_on" : "mark.battery_off");
    case "polarity":
      return words.t(what.forward ? "mark.polarity_forward" : "mark.polarity_reversed");
    case "loop_interruption":
      return said({ ms: what.duration_ms });
    case "caller_id":
      return said({ who: whoWords(words, what), source: words.code("caller_id_source", what.source) });
    case "caller_id_burst": {
      const facts = { source: words.code("caller_id_source", sourceOf(what)), level: minus(what.level_dbm0 ?? 0) };
      const { reading } = what;
      return reading.result === "understood" ? words.t("mark.caller_id_burst.read", facts) : words.t("mark.caller_id_burst.unread", { ...facts, why: words.code("burst_fault", reading.fault) });
    }
    case "waiting_caller": {
      const { burst } = what;
      if (burst === null) return words.t("mark.waiting_caller.silent");
      const facts = { source: words.code("caller_id_source", sourceOf(burst)), level: minus(burst.level_dbm0 ?? 0) };
      return burst.reading.result === "understood"
        ? words.t("mark.waiting_caller.told", { ...facts, who: whoWords(words, burst.reading.caller) })
        : words.t("mark.waiting_caller.unread", { ...facts, why: words.code("burst_fault", burst.reading.fault) });
    }
    case "tone":
      return words.code("mark", what.cycles > 1 ? "tone_cycles" : "tone", {
        tone: words.code("tone", what.tone),
        hz: Math.round(what.frequency_hz ?? 0),
        level: minus(what.level_dbm0 ?? 0),
        cycles: what.cycles,
      });
    case "media_detached":
      return what.quality ? qualityWords(words, what.quality) : said();
    case "digit_heard":
    case "digit_sent":
      return said({ digit: what.digit });
    case "dialing":
      return said({ digits: what.digits });
    case "transferred":
      return said({ to: party(what.to) });
    case "transfer_failed":
      return said({ to: party(what.to), status: what.status });
    case "taken_over":
      return said({ by: party(what.by) });
    case "budget_spent":
      return said({ budget_min: what.budget_min });
    case "number_blocked":
      return what.why === "rule" && what.rule !== null
        ? words.t("mark.number_blocked_by", { number: what.number, rule: what.rule })
        : said({ number: what.number, why: words.code("bar", what.why) });
    case "seize_failed":
      return said({ cause: words.code("seize_failure", what.failure) });
    case "sip_in":
    case "sip_out":
      return said({ message: what.message, peer: party(what.peer) });
    case "answered":
      return said({ by: words.code("answered_by", what.by) });
    case "media_attached":
      return words.code("mark", what.srtp ? "media_sealed" : what.kind, { peer: what.peer });
    case "rtp_heard":
      return said({ from: what.from });
    case "rtp_missing":
      if (what.refused === null) return said({ expected: what.expected });
      return words.code("mark", what.not_sealed ? "rtp_not_sealed" : "rtp_refused", { expected: what.expected, refused: what.refused });
    case "evidence":
      return said({ evidence: evidenceWords(words, what.evidence) });
    case "ended":
      return said({ cause: words.code("cause", what.cause) });
    case "left_out":
      return said({ count: what.count });
    case "ringing_ended":
    case "voice":
    case "dialed":
    case "flash":
    case "seizing":
    case "releasing":
    case "released":
    case "stuck":
    case "sip_lost":
      return said();
  }
}

/** Number and name of a caller, or why there are none. */
export function whoWords(words: Words, { number, name, presentation }: CallerId): string {
  const who = [number === null ? "" : party(number), name ?? ""].filter((part) => part !== "").join(" · ");
  return who === "" ? words.code("presentation", presentation) : who;
}

/** How the audio of a call went: our own numbers, and what the other side told of its end. */
function qualityWords(words: Words, quality: AudioQuality): string {
  const { received, lost, jitter_ms, peer_lost, round_trip_ms } = quality;
  const parts = [words.t("mark.media_quality", { received, lost, jitter: Math.round(jitter_ms ?? 0) })];
  if (peer_lost !== null) parts.push(words.t("mark.media_quality.peer", { lost: peer_lost }));
  if (round_trip_ms !== null) parts.push(words.t("mark.media_quality.round_trip", { ms: round_trip_ms }));
  return parts.join(" · ");
}

/** What a flag of the scope says; nothing for what the bands and traces show already. */
export function flagWords(words: Words, what: MarkKind): string | undefined {
  switch (what.kind) {
    case "caller_id":
      return what.number === null ? words.t("scope.flag.caller_id_none") : party(what.number);
    case "caller_id_burst":
      return what.reading.result === "understood" ? undefined : words.t("scope.flag.caller_id_burst");
    case "waiting_caller":
      return words.t("scope.flag.waiting_caller");
    case "tone":
      return `${words.code("tone", what.tone)} ${Math.round(what.frequency_hz ?? 0)} Hz`;
    case "digit_heard":
    case "digit_sent":
      return what.digit;
    case "dialing":
      return words.t("scope.flag.dialing", { digits: what.digits });
    case "sip_in":
      return `← ${what.message}`;
    case "sip_out":
      return `${what.message} →`;
    case "loop_interruption":
      return words.t("scope.flag.interruption", { ms: what.duration_ms });
    case "answered":
    case "voice":
    case "flash":
    case "stuck":
    case "sip_lost":
    case "rtp_missing":
    case "ended":
    case "ringing_ended":
      return words.code("scope.flag", what.kind);
    case "ring_on":
    case "ring_off":
    case "hook":
    case "battery":
    case "polarity":
    case "extension":
    case "dialed":
    case "seizing":
    case "seize_failed":
    case "releasing":
    case "released":
    case "media_attached":
    case "rtp_heard":
    case "media_detached":
    case "evidence":
    case "number_blocked":
    case "budget_spent":
    case "transferred":
    case "transfer_failed":
    case "taken_over":
    case "left_out":
      return undefined;
  }
}

export function markHue(what: MarkKind): MarkHue {
  switch (what.kind) {
    case "ring_on":
    case "ring_off":
    case "ringing_ended":
    case "caller_id":
    case "caller_id_burst":
    case "waiting_caller":
      return "ringing";
    case "tone":
    case "dialing":
    case "dialed":
    case "digit_heard":
    case "digit_sent":
    case "flash":
    case "seizing":
      return "dialing";
    case "answered":
    case "voice":
    case "media_attached":
    case "rtp_heard":
      return "talking";
    case "evidence":
    case "ended":
    case "stuck":
    case "sip_lost":
    case "rtp_missing":
    case "loop_interruption":
    case "seize_failed":
    case "number_blocked":
    case "budget_spent":
    case "transfer_failed":
      return "fault";
    case "sip_in":
    case "sip_out":
    case "transferred":
    case "taken_over":
      return "accent";
    case "hook":
    case "battery":
    case "polarity":
    case "extension":
    case "releasing":
    case "released":
    case "media_detached":
    case "left_out":
      return "idle";
  }
}

/** Whether a call turned here. */
export function turns(what: MarkKind): boolean {
  return ["caller_id", "waiting_caller", "answered", "evidence", "ended", "stuck", "seize_failed", "number_blocked", "budget_spent", "transferred", "transfer_failed", "taken_over"].includes(what.kind);
}
