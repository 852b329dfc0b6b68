/** Codes of the program with their arguments, in the words of a language. */
import type { Words } from "../i18n";
import { Refused } from "./ipc/backend";
import type {
  ApplyError,
  Change,
  ExportError,
  Grade,
  HangUpEvidence,
  Missing,
  Notice,
  PortId,
  Problem,
  RegistrationView,
  RollbackReason,
  StartError,
  StoredRecord,
  StoreFault,
} from "./ipc/types";
import type { Refusal } from "./state/draft.svelte";
import { party } from "./party";
import { hourMinute, span } from "./time";

/** What is softer is said to be silence. */
const SILENT_DBM0 = -90;

/** "by busy tone (425 Hz, 3 cycles)": how the line showed that its far end was gone. */
export function evidenceWords(words: Words, evidence: HangUpEvidence): string {
  switch (evidence.kind) {
    case "loop_interruption":
      return words.code("evidence", evidence.kind, { duration_ms: evidence.duration_ms });
    case "disconnect_tone":
    case "dial_tone":
      return words.code("evidence", evidence.kind, {
        tone: words.code("tone", evidence.tone),
        frequency: Math.round(evidence.frequency_hz ?? 0),
        cycles: evidence.cycles,
      });
    case "together":
      return words.code("evidence", evidence.kind, { clues: evidence.clues.map((clue) => evidenceWords(words, clue)).join(" + ") });
    case "polarity_reversal":
    case "battery_lost":
    case "device_gone":
      return words.code("evidence", evidence.kind);
  }
}

/** Why a call ended; the evidence says more than the cause, where there is any. */
export function endWords(words: Words, record: Pick<StoredRecord, "cause" | "evidence" | "sip_status">): string {
  if (record.evidence) return evidenceWords(words, record.evidence);
  const cause = words.code("cause", record.cause);
  return ["target_refused", "transfer_failed"].includes(record.cause) && record.sip_status !== null ? `${cause} (${record.sip_status})` : cause;
}

/** How a registration is doing: "registered", "refused (403)", "2 phones registered". */
export function registrationWords(words: Words, registration: RegistrationView): string {
  switch (registration.kind) {
    case "none": {
      const reach = registration.peer?.reach ?? "unknown";
      return reach === "unknown" ? words.t("registration.none") : words.t(`registration.peer.${reach}`);
    }
    case "trying":
      return words.t("registration.trying");
    case "registered":
      return words.t("registration.registered");
    case "failed":
      return words.t("registration.failed", { status: registration.status });
    case "server":
      return registration.contacts.length === 0 ? words.t("registration.server.zero") : words.n("registration.server", registration.contacts.length);
  }
}

/** The words of every cause, by its code. */
export function causeWords(words: Words): Record<string, string> {
  const prefix = "cause.";
  const causes = Object.entries(words.messages).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(causes.map(([key, message]) => [key.slice(prefix.length), message]));
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
  if (notice.code === "source_banned" || notice.code === "peer_slowed") args.reason = words.code("offence", args.reason ?? "");
  if (args.cause !== undefined) args.cause = words.code("cause", args.cause);
  if (notice.code === "tls_failed") args.fault = words.code("tls", args.fault ?? "");
  if (args.why !== undefined) args.why = words.code("rollback", args.why, { status: args.status ?? "" });
  if (args.seconds !== undefined) args.duration = span(Number(args.seconds) * 1000);
  if (notice.code === "slept") {
    args.fell_asleep = hourMinute(new Date(Number(args.from_epoch_ms)));
    args.woke = hourMinute(new Date(Number(args.to_epoch_ms)));
  }
  // A ring is told before its caller is known.
  const code = notice.code === "ringing" && !notice.args.caller ? "ringing_plain" : notice.code;
  return words.code("notice", code, args);
}

/** Why an order to the box or the gateway was not carried out. */
export function deviceErrorWords(words: Words, error: unknown): string {
  return words.code("device_error", error instanceof Refused ? String(error.refusal) : "unanswered");
}

export function problemWords(words: Words, problem: Problem): string {
  const { fault, ...args } = problem.args;
  return words.code("problem", problem.code, fault === undefined ? args : { ...args, fault: words.code("fault", fault) });
}

const GRADES: readonly Grade[] = ["rebind", "registers_again", "when_idle", "next_call", "now"];

/** The dearest grade among changes; nothing for no change. */
export function dearest(changes: readonly Change[]): Grade | undefined {
  return GRADES.find((grade) => changes.some((change) => change.grade === grade));
}

/** Why the gateway did not start; nothing where the program says no more than that. */
export function startWords(words: Words, error: StartError | null): string | undefined {
  if (error?.kind === "bind") return words.code("bind", error.error.code, { ...error.error });
  if (error?.kind === "store") return storeWords(words, error.error, "store_unreadable");
  return undefined;
}

/** Why settings were taken back: "the server refused the new secret (403)". */
export function rollbackWords(words: Words, reason: RollbackReason): string {
  return words.code("rollback", reason.cause, { status: reason.status ?? "" });
}

/** Why the database did not do its part; `otherwise` stands for a code without words. */
function storeWords(words: Words, fault: StoreFault, otherwise: string): string {
  const said = words.code("refusal", fault.code);
  return said === fault.code ? words.code("refusal", otherwise) : said;
}

/** What the settings in force still have to prove: "registration of port 1". */
export function missingWords(words: Words, missing: Missing): string {
  const what = words.code("vital", missing.what);
  return missing.port === null ? what : words.t("apply.missing_at", { what, n: missing.port + 1 });
}

/** A level in dBm0, or that there is none. */
export function levelWords(words: Words, dbm0: number | null | undefined): string {
  if (dbm0 === undefined || dbm0 === null) return words.t("overview.no_audio");
  if (dbm0 <= SILENT_DBM0) return words.t("overview.silence");
  return words.t("overview.level", { value: Math.round(dbm0).toString().replace("-", "−") });
}

/** "Port 1 · Fax": a port with the name that a person gave it, where there is one. */
export function portTitle(words: Words, port: PortId, name: string): string {
  return name === "" ? words.t("port.title", { n: port + 1 }) : words.t("port.title_named", { n: port + 1, name });
}

/** "1, 2 and 5": ports as people count them. */
export function portsWords(words: Words, ports: readonly PortId[]): string {
  const list = new Intl.ListFormat(words.language, { type: "conjunction" });
  return words.n("apply.ports", ports.length, { ports: list.format(ports.map((port) => String(port + 1))) });
}

/** Why Apply changed nothing. */
export function refusalWords(words: Words, refusal: Refusal | ApplyError): string {
  if (refusal.kind === "prepare") return words.code("bind", refusal.error.code, { ...refusal.error });
  if (refusal.kind === "store") return words.code("refusal", STORE_REFUSALS.includes(refusal.error.code) ? refusal.error.code : "store");
  return words.code("refusal", refusal.kind);
}

/** What a database may say that a person can do something about. */
const STORE_REFUSALS: readonly string[] = ["disk_full", "database_read_only", "database_locked"];

/** Why there is no file. */
export function exportRefusal(words: Words, error: ExportError | null): string {
  if (error?.kind === "store") return words.code("store", error.error.code);
  return words.code("export", error?.kind ?? "unanswered");
}

/** Why the database of the program told nothing. */
export function storeRefusal(words: Words, error: unknown): string {
  const code = error instanceof Refused ? (error.refusal as { code?: string }).code : undefined;
  return words.code("store", code ?? "unanswered");
}
