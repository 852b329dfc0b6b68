/**
 * SIP messages of a toy world: those of its last calls, of a registration that is renewed again and again, and of strangers who knock. The same
 * calls make the same messages.
 */
import type { Outcome } from "../backend";
import type { SipMessages } from "../sip_trace";
import type { PortId, SipDirection, SipDrop, SipMessage, SipTrace, SipTraceQuery, StoredRecord, TraceExportError } from "../types";

/** Between two renewals of the registration of a port. */
const RENEWAL_MS = 20_000;
/** Messages that are kept, as the program keeps them. */
const KEPT = 512;

const GATEWAY = "192.0.2.20:5060";
const SERVER = "192.0.2.10:5060";
/** A phone that rings with the first one, and whose address is as long as addresses get. */
const SECOND_PHONE = "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:50620";
const STRANGER = "198.51.100.77:5071";

const REASONS: Readonly<Record<number, string>> = {
  100: "Trying",
  180: "Ringing",
  183: "Session Progress",
  200: "OK",
  401: "Unauthorized",
  480: "Temporarily Unavailable",
  486: "Busy Here",
  487: "Request Terminated",
  503: "Service Unavailable",
};

/** What a message is made of. */
interface Sketch {
  at_ms: number;
  direction: SipDirection;
  /** A method, or a status with the method that it answers. */
  what: string | readonly [number, string];
  peer: string;
  call_id: string;
  from: string;
  to: string;
  port: PortId | null;
  call: string | null;
  extra?: string;
  sdp?: boolean;
  dropped?: SipDrop;
  /** It was sent this long before, too. */
  again?: number;
}

const SDP = ["v=0", "o=- 4611 1 IN IP4 192.0.2.20", "s=-", "c=IN IP4 192.0.2.20", "t=0 0", "m=audio 16384 RTP/AVP 8 0 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20", ""].join("\r\n");

function text(sketch: Sketch): string {
  const { what, peer, from, to, call_id, direction, extra = "", sdp = false } = sketch;
  const [status, method] = typeof what === "string" ? [null, what] : what;
  const start = status === null ? `${method} ${method === "REGISTER" ? "sip:pbx.example" : to} SIP/2.0` : `SIP/2.0 ${status} ${REASONS[status] ?? ""}`;
  const asked = (status === null) === (direction === "out");
  const body = sdp ? SDP : "";
  const head = [
    start,
    `Via: SIP/2.0/UDP ${asked ? GATEWAY : peer};branch=z9hG4bK${call_id.slice(0, 10)}${method.toLowerCase()};rport`,
    ...(status === null ? ["Max-Forwards: 70"] : []),
    `From: <${from}>;tag=8f3a12c0`,
    `To: <${to}>${status === null && method !== "BYE" ? "" : ";tag=41bd77e9"}`,
    `Call-ID: ${call_id}`,
    `CSeq: ${method === "BYE" ? 2 : 1} ${method}`,
    ...(extra === "" ? [] : [extra]),
    `User-Agent: ${direction === "out" ? "Loopstart/0.1.0" : "Central 20.7"}`,
    ...(sdp ? ["Content-Type: application/sdp"] : []),
    `Content-Length: ${body.length}`,
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

const CREDENTIALS = `Authorization: Digest username="201", realm="pbx.example", nonce="66f0a1c8:9b", uri="sip:pbx.example", response="${"*".repeat(32)}", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001`;
const CHALLENGE = 'WWW-Authenticate: Digest realm="pbx.example", nonce="66f0a1c8:9b", algorithm=MD5, qop="auth"';

/** What was said in a call that is over; `start_ms`: the zero of its times. */
function ofCall(record: StoredRecord, start_ms: number, forked: boolean): Sketch[] {
  const began = record.started_at_ms - start_ms;
  const ended = record.ended_at_ms - start_ms;
  const answered = record.answered_at_ms === null ? null : record.answered_at_ms - start_ms;
  const incoming = record.direction === "fxo_to_sip";
  const from = incoming ? `sip:${record.from || "anonymous"}@192.0.2.20` : record.from;
  const to = incoming ? record.to : `sip:${record.to}@192.0.2.20`;
  const leg = { call_id: `${record.id.slice(-8)}b1c7@192.0.2.20`, peer: SERVER, from, to, port: record.port, call: record.id };
  const ours: SipDirection = incoming ? "out" : "in";
  const theirs: SipDirection = incoming ? "in" : "out";
  const said: Sketch[] = [];
  const say = (after_ms: number, direction: SipDirection, what: Sketch["what"], more: Partial<Sketch> = {}): unknown => said.push({ ...leg, at_ms: began + after_ms, direction, what, ...more });
  const first = incoming ? 200 : 40;
  if (!incoming) {
    say(0, "in", "INVITE", { sdp: true });
    say(1, "out", [401, "INVITE"], { extra: CHALLENGE });
    say(18, "in", "ACK");
  }
  say(first, ours, "INVITE", { sdp: true, ...(incoming ? {} : { extra: CREDENTIALS }) });
  if (forked) {
    say(first + 1, "out", "INVITE", { peer: SECOND_PHONE, call_id: `${leg.call_id}.2`, sdp: true });
    say(first + 501, "out", "INVITE", { peer: SECOND_PHONE, call_id: `${leg.call_id}.2`, sdp: true, again: 500 });
    say(first + 519, "in", [180, "INVITE"], { peer: SECOND_PHONE, call_id: `${leg.call_id}.2` });
  }
  say(first + 12, theirs, [100, "INVITE"]);
  say(incoming ? first + 48 : 1900, theirs, incoming ? [180, "INVITE"] : [183, "INVITE"], { sdp: !incoming });
  if (answered === null) {
    const refused = record.sip_status ?? 487;
    if (record.cause === "caller_gave_up") {
      say(ended - began - 20, ours, "CANCEL");
      say(ended - began - 8, theirs, [200, "CANCEL"]);
    }
    say(ended - began - 6, theirs, [refused, "INVITE"]);
    say(ended - began, ours, "ACK");
    return said;
  }
  if (forked) {
    const second = { peer: SECOND_PHONE, call_id: `${leg.call_id}.2` };
    say(answered - began + 6, "out", "CANCEL", second);
    say(answered - began + 22, "in", [200, "CANCEL"], second);
    say(answered - began + 24, "in", [487, "INVITE"], second);
    say(answered - began + 25, "out", "ACK", second);
  }
  say(answered - began, theirs, [200, "INVITE"], { sdp: true });
  say(answered - began + (incoming ? 3 : 16), ours, "ACK");
  const hungUp: SipDirection = record.cause === "sip_hung_up" ? "in" : "out";
  say(ended - began, hungUp, "BYE", { extra: 'Reason: Q.850;cause=16;text="Normal call clearing"' });
  say(ended - began + 14, hungUp === "in" ? "out" : "in", [200, "BYE"]);
  return said;
}

/** The registration of a port, renewed at this moment. */
function renewal(at_ms: number, port: PortId, user: string): Sketch[] {
  const all = { call_id: `reg-${port}-5d1e88@192.0.2.20`, peer: SERVER, from: `sip:${user}@pbx.example`, to: `sip:${user}@pbx.example`, port, call: null };
  return [
    { ...all, at_ms, direction: "out", what: "REGISTER", extra: `Contact: <sip:9c1f04d2aa71@${GATEWAY}>\r\nExpires: 300\r\n${CREDENTIALS}` },
    { ...all, at_ms: at_ms + 12, direction: "in", what: [200, "REGISTER"], extra: `Contact: <sip:9c1f04d2aa71@${GATEWAY}>;expires=300` },
  ];
}

function knocks(at_ms: number): Sketch[] {
  const stranger = { call_id: "sip-scan-1", peer: STRANGER, from: "sip:100@1.1.1.1", to: "sip:900442079460000@192.0.2.20", port: null, call: null, direction: "in" as const };
  return [
    { ...stranger, at_ms, what: "OPTIONS", dropped: { why: "source_unknown" } },
    { ...stranger, at_ms: at_ms + 31_000, what: "INVITE", sdp: true, dropped: { why: "source_unknown" } },
    { ...stranger, at_ms: at_ms + 31_500, what: "INVITE", sdp: true, dropped: { why: "source_unknown" }, again: 500 },
  ];
}

const JUNK = "GET / HTTP/1.1\r\nHost: 192.0.2.20:5060\r\nUser-Agent: zgrab/0.x\r\n\r\n";

export class ToySipMessages implements SipMessages {
  /** What was said before the world is looked at, oldest first. */
  readonly #past: readonly Sketch[];
  readonly #ports: PortId[];
  readonly #users: readonly string[];
  readonly #now: () => number;
  readonly #from: number;

  /** `now`: the moment of the world; `start_ms`: when its times begin, in ms since 1970. */
  constructor(calls: readonly StoredRecord[], users: readonly string[], start_ms: number, now: () => number) {
    this.#now = now;
    this.#from = now();
    this.#users = users;
    this.#ports = users.slice(0, 4).map((_, port) => port);
    const newest = calls.find(({ direction, answered_at_ms }) => direction === "fxo_to_sip" && answered_at_ms !== null);
    const said = calls.flatMap((record) => ofCall(record, start_ms, record === newest));
    const beginnings = this.#ports.flatMap((port) => renewal(this.#from - 290_000 + port * 900, port, users[port] ?? ""));
    const strangers = calls.length > 0 ? knocks(this.#from - 95_000) : [];
    this.#past = [...said, ...beginnings, ...strangers].filter(({ at_ms }) => at_ms >= 0 && at_ms < this.#from).sort((a, b) => a.at_ms - b.at_ms);
  }

  #all(): SipMessage[] {
    const sketches: Sketch[] = [...this.#past];
    const now = this.#now();
    for (let at = this.#from; at < now && this.#ports.length > 0; at += RENEWAL_MS) {
      for (const port of this.#ports) sketches.push(...renewal(at + port * 300, port, this.#users[port] ?? ""));
    }
    const said = sketches.filter(({ at_ms }) => at_ms <= now).map((sketch, number) => message(sketch, number, sketches));
    const stranger = this.#past.some(({ peer }) => peer === STRANGER);
    return stranger ? [junk(said[0]?.at_ms ?? 0), ...said.map((one) => ({ ...one, number: one.number + 1, repeats: one.repeats === null ? null : one.repeats + 1 }))] : said;
  }

  ask({ after }: SipTraceQuery): Promise<SipTrace> {
    const all = this.#all();
    const kept = all.slice(-KEPT);
    return Promise.resolve({ messages: kept.filter((one) => one.number > (after ?? -1)), owners: [], owners_told: 0, gone: all.length - kept.length });
  }

  choosePath(name: string): Promise<string | null> {
    return Promise.resolve(`/home/ana/${name}`);
  }

  export(_path: string, _remark: string, numbers: readonly number[]): Promise<Outcome<number, TraceExportError>> {
    return Promise.resolve({ ok: true, value: numbers.length });
  }
}

function message(sketch: Sketch, number: number, all: readonly Sketch[]): SipMessage {
  const { at_ms, direction, what, peer, call_id, from, to, port, call, dropped = null, again } = sketch;
  const [status, method] = typeof what === "string" ? [null, what] : what;
  const first = again === undefined ? -1 : all.findIndex((one) => one.at_ms === at_ms - again && one.peer === peer && one.what === what);
  return {
    number,
    at_ms,
    direction,
    transport: "udp",
    peer,
    method,
    status,
    reason: status === null ? "" : (REASONS[status] ?? ""),
    call_id,
    from,
    to,
    port,
    call,
    repeats: first < 0 ? null : first,
    dropped,
    text: text(sketch),
    cut_bytes: 0,
  };
}

function junk(at_ms: number): SipMessage {
  const dropped: SipDrop = { why: "malformed", defect: "not SIP" };
  const nothing = { method: "", status: null, reason: "", call_id: "", from: "", to: "", port: null, call: null, repeats: null };
  return { ...nothing, number: 0, at_ms, direction: "in", transport: "udp", peer: STRANGER, dropped, text: JUNK, cut_bytes: 0 };
}
