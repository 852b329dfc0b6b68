/** Codes of the program with their arguments, in the words of a language. */
import type { Words } from "../i18n";
import type { CallRecord, HangUpEvidence, Notice, Problem } from "./ipc/bindings";
import { party } from "./party";
import { span } from "./time";

/** "by busy tone (425 Hz, 3 cycles)": how the line showed that its far end was gone. */
export function evidenceWords(words: Words, evidence: HangUpEvidence): string {
  switch (evidence.kind) {
    case "loop_interruption":
      return words.code("evidence", evidence.kind, { duration_ms: evidence.duration_ms });
    case "disconnect_tone":
    case "dial_tone":
      return words.code("evidence", evidence.kind, {
        tone: words.code("tone", evidence.tone),
        frequency: Math.round(evidence.frequency_hz),
        cycles: evidence.cycles,
      });
    case "polarity_reversal":
    case "battery_lost":
    case "device_gone":
      return words.code("evidence", evidence.kind);
  }
}

/** Why a call ended; the evidence says more than the cause, where there is any. */
export function endWords(words: Words, record: CallRecord): string {
  if (record.evidence) return evidenceWords(words, record.evidence);
  const cause = words.code("cause", record.cause);
  return record.cause === "target_refused" && record.sip_status !== null ? `${cause} (${record.sip_status})` : cause;
}

/** Arguments of a notice that name a party of a call. */
const PARTIES = ["from", "to", "caller", "target"];

export function noticeWords(words: Words, notice: Notice): string {
  const args: Record<string, string> = { ...notice.args };
  for (const name of PARTIES) {
    const value = args[name];
    if (value === undefined) continue;
    args[name] = value === "" ? words.t("call.unknown_caller") : party(value);
  }
  if (args.cause !== undefined) args.cause = words.code("cause", args.cause);
  if (args.seconds !== undefined) args.duration = span(Number(args.seconds) * 1000);
  return words.code("notice", notice.code, args);
}

export function problemWords(words: Words, problem: Problem): string {
  return words.code("problem", problem.code, problem.args);
}
