/** SIP messages as they are filtered, gathered into calls, drawn as a ladder and written. Pure. */
import type { Words } from "../i18n";
import type { PortId, SipMessage } from "./ipc/types";
import { party } from "./party";
import { timeOfDay, timeWithMs } from "./time";

export interface SipFilter {
  /** Looked for in the whole text, in any case. */
  text: string;
  /** `null`: what belongs to no port. */
  port: PortId | null | "any";
  /** The key of an exchange. */
  call: string | "any";
  peer: string | "any";
}

export const NO_SIP_FILTER: SipFilter = { text: "", port: "any", call: "any", peer: "any" };

/** Messages that belong together: those of a call with all its legs; of anything else those with the same Call-ID. */
export function exchangeOf({ call, call_id, number }: SipMessage): string {
  if (call !== null) return `call:${call}`;
  return call_id === "" ? `message:${number}` : `id:${call_id}`;
}

/** The exchange of a call that the program knows by this name. */
export function exchangeOfCall(id: string): string {
  return `call:${id}`;
}

export function shows({ text, port, call, peer }: SipFilter, message: SipMessage): boolean {
  return (
    (port === "any" || message.port === port) &&
    (call === "any" || exchangeOf(message) === call) &&
    (peer === "any" || message.peer === peer) &&
    (text.trim() === "" || message.text.toLowerCase().includes(text.trim().toLowerCase()))
  );
}

/** Ports that messages belong to, in their order; `null`, for no port, comes last. */
export function portsOf(messages: readonly SipMessage[]): (PortId | null)[] {
  return [...new Set(messages.map(({ port }) => port))].sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
}

/** The other ends, in the order in which they were first heard or spoken to. */
export function peersOf(messages: readonly SipMessage[]): string[] {
  return [...new Set(messages.map(({ peer }) => peer))];
}

/** The first message of each call, newest call first. */
export function callsOf(messages: readonly SipMessage[]): SipMessage[] {
  const first = new Map<string, SipMessage>();
  for (const message of messages) {
    const key = exchangeOf(message);
    if (message.method === "INVITE" && !first.has(key)) first.set(key, message);
  }
  return [...first.values()].reverse();
}

/** `INVITE`, `200 OK`: what a message is. */
export function title(words: Words, { method, status, reason }: SipMessage): string {
  if (status !== null) return `${status} ${reason}`.trim();
  return method === "" ? words.t("sip_trace.unreadable") : method;
}

/** As `title`, with the method that a response answers. */
export function fullTitle(words: Words, message: SipMessage): string {
  const said = title(words, message);
  return message.status === null || message.method === "" ? said : words.t("sip_trace.answers", { title: said, method: message.method });
}

/** `14:05:11 · (11) 3333-4444 → 200@pbx.example`: an exchange by its first message. */
export function exchangeTitle(message: SipMessage, date: (at_ms: number) => Date): string {
  const parties = message.method === "REGISTER" ? party(message.to) : `${party(message.from)} → ${party(message.to)}`;
  return `${timeOfDay(date(message.at_ms))} · ${parties}`;
}

/** What is special about a message: why nobody listened to it, that it was sent before. Empty for most. */
export function remarks(words: Words, { dropped, repeats }: SipMessage): string {
  const why = dropped === null ? "" : words.code("sip_trace.drop", dropped.why, dropped.why === "malformed" ? { defect: dropped.defect } : {});
  return [repeats === null ? "" : words.t("sip_trace.repeats"), why].filter((part) => part !== "").join(" · ");
}

/** How an answer came out. It has a word beside it, always. */
export type Tone = "request" | "progress" | "success" | "failure";

/** Refusals that are no trouble: a challenge, and the end of what was cancelled (RFC 3261 §22, §9.1). */
const EXPECTED = [401, 407, 487];

export function tone({ status }: SipMessage): Tone {
  if (status === null) return "request";
  return status < 200 || EXPECTED.includes(status) ? "progress" : status < 300 ? "success" : "failure";
}

/** One message between two columns of a ladder. */
export interface Rung {
  message: SipMessage;
  /** After the first message, in ms. */
  afterMs: number;
  /** Columns that the arrow spans, from left to right. */
  left: number;
  right: number;
  /** The arrow points to the right: to the gateway, whose column is the last. */
  toRight: boolean;
}

export interface Ladder {
  /** The other ends, a column each; the column of the gateway follows them. */
  peers: readonly string[];
  rungs: readonly Rung[];
}

/** The messages of one exchange as a ladder. */
export function ladder(messages: readonly SipMessage[], exchange: string): Ladder {
  const own = messages.filter((message) => exchangeOf(message) === exchange);
  const peers = peersOf(own);
  const began_ms = own[0]?.at_ms ?? 0;
  const rungs = own.map((message) => ({
    message,
    afterMs: message.at_ms - began_ms,
    left: peers.indexOf(message.peer),
    right: peers.length,
    toRight: message.direction === "in",
  }));
  return { peers, rungs };
}

/** Messages as text, each below a line that says when, which way and whose. `date`: the moment of a message. */
export function asText(words: Words, messages: readonly SipMessage[], date: (at_ms: number) => Date): string {
  const one = (message: SipMessage): string => {
    const port = message.port === null ? "" : words.t("port.title", { n: message.port + 1 });
    const way = words.code("sip_trace.way", message.direction, { peer: message.peer });
    const head = [timeWithMs(date(message.at_ms)), way, message.transport.toUpperCase(), port, message.call ?? "", remarks(words, message)];
    return `# ${head.filter((part) => part !== "").join(" · ")}\n${message.text.trimEnd()}\n`;
  };
  return messages.map(one).join("\n");
}
