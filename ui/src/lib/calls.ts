/** Calls that are over: what a person filters by, and what a record says in words. */
import type { Words } from "../i18n";
import type { IconName } from "./icons";
import type { CallQuery, PortId, RecordDirection, StoredRecord } from "./ipc/types";
import { markWords, turns } from "./marks";
import { party } from "./party";
import { span, timeOfDay } from "./time";
import { endWords } from "./words";

/** How a call came out. */
export type Outcome = "answered" | "missed" | "failed" | "tested";

/** Quick choices of a period, and the days of a calendar. */
export type Period = { kind: "all" | "today" | "week" | "month" } | { kind: "days"; from: Date; until: Date };

/** What a person filters by. */
export interface Filters {
  text: string;
  direction: RecordDirection | "any";
  port: PortId | "any";
  outcome: Outcome | "any";
  period: Period;
}

export const NO_FILTERS: Filters = { text: "", direction: "any", port: "any", outcome: "any", period: { kind: "all" } };

/** Causes by which a call that nobody answered is missed, not failed: both sides worked. */
const MISSED = ["caller_gave_up", "no_answer", "sip_cancelled"];

/** All other causes that a call can end by before its answer. */
const FAILED = [
  "target_refused",
  "transfer_failed",
  "no_target",
  "seize_failed",
  "glare",
  "no_dial_tone",
  "busy",
  "congestion",
  "unobtainable",
  "no_common_codec",
  "collect_refused",
  "number_blocked",
  "sip_lost",
  "session_expired",
  "sip_hung_up",
  "line_hung_up",
  "no_rtp",
  "silence",
  "longest_call",
  "budget_spent",
  "device_gone",
  "operator",
  "stopped",
  "asleep",
];

/** The icon of each direction. */
export const DIRECTION_ICONS: Readonly<Record<RecordDirection, IconName>> = { fxo_to_sip: "call-in", sip_to_fxo: "call-out", test: "keypad" };

export function outcome(call: StoredRecord): Outcome {
  if (call.answered_at_ms !== null) return "answered";
  if (call.cause === "test_over") return "tested";
  return MISSED.includes(call.cause) ? "missed" : "failed";
}

/** Whether anything narrows the list. */
export function filtered(filters: Filters): boolean {
  return filters.text.trim() !== "" || filters.direction !== "any" || filters.port !== "any" || filters.outcome !== "any" || filters.period.kind !== "all";
}

/** The filters as the program is asked. Days begin at midnight on this computer's clock. */
export function queryOf(filters: Filters, now: Date): CallQuery {
  const [from, until] = bounds(filters.period, now);
  return {
    text: filters.text.trim(),
    direction: filters.direction === "any" ? null : filters.direction,
    ports: filters.port === "any" ? [] : [filters.port],
    answered: filters.outcome === "any" ? null : filters.outcome === "answered",
    causes: filters.outcome === "missed" ? MISSED : filters.outcome === "failed" ? FAILED : [],
    from_epoch_ms: from,
    until_epoch_ms: until,
    longer_than_s: null,
  };
}

function bounds(period: Period, now: Date): [number | null, number | null] {
  const midnight = (daysAgo: number): number => new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo).getTime();
  switch (period.kind) {
    case "all":
      return [null, null];
    case "today":
      return [midnight(0), null];
    case "week":
      return [midnight(6), null];
    case "month":
      return [midnight(29), null];
    case "days": {
      const { from, until } = period;
      return [from.getTime(), new Date(until.getFullYear(), until.getMonth(), until.getDate() + 1).getTime()];
    }
  }
}

/** One of the parties, as a technician reads it. */
export function partyWords(words: Words, uri: string): string {
  return uri === "" ? words.t("call.unknown_caller") : party(uri);
}

/** Who called; a line is tested by the operator. */
export function callerWords(words: Words, call: StoredRecord): string {
  return call.direction === "test" ? words.t("calls.operator") : partyWords(words, call.from);
}

const DAYS = new Map<string, Intl.DateTimeFormat>();

/** `25/11/26`, in the order of the language. Its format is made once: a list makes hundreds of days a second. */
export function shortDay(language: string, date: Date): string {
  let format = DAYS.get(language);
  if (!format) DAYS.set(language, (format = new Intl.DateTimeFormat(language, { day: "2-digit", month: "2-digit", year: "2-digit" })));
  return format.format(date);
}

/** How long both ends talked; nothing where nobody answered. */
export function talkMs(call: StoredRecord): number | null {
  return call.answered_at_ms === null ? null : call.ended_at_ms - call.answered_at_ms;
}

/** Settings that decide by when or whether a call ends so, by what showed the end or by its cause. */
const BY_EVIDENCE: Partial<Record<string, string>> = {
  loop_interruption: "line.loop_interruption_ms",
  polarity_reversal: "line.end_on_polarity_reversal",
  disconnect_tone: "line.disconnect_tone_cycles",
  dial_tone: "line.end_on_dial_tone",
};
const BY_CAUSE: Partial<Record<string, string>> = {
  no_rtp: "line.rtp_timeout_s",
  silence: "line.silence_timeout_s",
  longest_call: "line.longest_call_s",
  budget_spent: "outgoing_budget_min",
  no_answer: "line.no_answer_s",
  no_dial_tone: "line.dial_tone_wait_ms",
  collect_refused: "line.block_collect",
  target_refused: "target",
  no_target: "target",
  no_common_codec: "gateway.codecs",
};

/** The path of the setting that governs how this call ended; nothing where none does. */
export function governing(call: StoredRecord): string | null {
  if (call.cause === "number_blocked") return barring(call);
  const name = call.evidence ? BY_EVIDENCE[call.evidence.kind] : BY_CAUSE[call.cause];
  if (name === undefined) return null;
  return name.startsWith("gateway.") ? name : `ports[${call.port}].${name}`;
}

/** The rule or the switch that refused the number. */
function barring(call: StoredRecord): string {
  const why = call.timeline.map(({ what }) => what).find((what) => what?.kind === "number_blocked");
  if (why?.kind !== "number_blocked") return "gateway.dial_rules";
  switch (why.why) {
    case "rule":
      return why.rule === null ? "gateway.dial_rules" : `gateway.dial_rules[${why.rule - 1}]`;
    case "otherwise":
      return "gateway.dial_otherwise";
    case "international":
      return "gateway.dial_international";
    case "premium":
      return "gateway.dial_premium";
  }
}

/** One step of a call. */
export interface Step {
  /** After the first step. */
  afterMs: number;
  text: string;
  /** Worth more than the others: where the call turned. */
  turn: boolean;
}

/**
 * What happened, in order: the marks of the call, from the first one on. A record of a program that kept no marks still tells its beginning,
 * its answer and its end.
 */
export function steps(words: Words, call: StoredRecord): Step[] {
  const began_ms = call.timeline[0]?.after_ms;
  if (began_ms !== undefined) {
    return call.timeline.map(({ after_ms, what }) => ({ afterMs: after_ms - began_ms, text: what === null ? words.t("timeline.unknown") : markWords(words, what), turn: what !== null && turns(what) }));
  }
  const at = (at_ms: number): number => Math.max(0, at_ms - call.started_at_ms);
  const began = call.direction === "fxo_to_sip" ? words.t("timeline.rang", { from: partyWords(words, call.from) }) : words.t("timeline.called", { from: callerWords(words, call), to: partyWords(words, call.to) });
  const answered = call.answered_at_ms === null ? [] : [{ afterMs: at(call.answered_at_ms), text: words.t("timeline.was_answered"), turn: true }];
  const ended = { afterMs: at(call.ended_at_ms), text: words.t("timeline.was_ended", { reason: endWords(words, call) }), turn: true };
  return [{ afterMs: 0, text: began, turn: true }, ...answered, ended];
}

/** `+2.104`: seconds after the beginning, always with three decimals. */
export function after(language: string, ms: number): string {
  return (ms / 1000).toLocaleString(language, { minimumFractionDigits: 3, maximumFractionDigits: 3, signDisplay: "always", useGrouping: false });
}

/** A call as plain text, for an e-mail or a ticket. */
export function asText(words: Words, call: StoredRecord, port: string, date: string): string {
  const talk = talkMs(call);
  const lines: [string, string][] = [
    [words.t("calls.from"), call.from || words.t("call.unknown_caller")],
    [words.t("calls.to"), call.to],
    [words.t("calls.started"), `${date} ${timeOfDay(new Date(call.started_at_ms))}`],
    [words.t("calls.direction"), words.code("direction", call.direction)],
    [words.t("calls.port"), port],
    [words.t("calls.talk"), talk === null ? "–" : span(talk)],
    [words.t("calls.reason"), `${words.code("cause", call.cause)}: ${endWords(words, call)}`],
    [words.t("calls.status"), call.sip_status === null ? "–" : String(call.sip_status)],
    [words.t("calls.id"), call.id],
  ];
  const facts = lines.map(([name, value]) => `${name}: ${value}`);
  return [...facts, "", ...steps(words, call).map((step) => `${after(words.language, step.afterMs)} ${step.text}`)].join("\n");
}
