/**
 * The call history of the toy world: a hundred thousand calls, each made from its number when it is looked at, so that the list can be
 * scrolled and searched in a browser. The same numbers make the same calls.
 */
import type { Outcome } from "../backend";
import type { History } from "../history";
import type { CallerIdBurst, CallerIdVerdict, CallQuery, CallRecord, CallWindow, CsvOptions, ExportError, ExportProgress, HangUpEvidence, MarkKind, PortId, StoredMark, StoredRecord } from "../types";

/** How long a busy office takes for a hundred thousand calls: most of a year. */
const BETWEEN_CALLS_MS = 259_000;

const CALLERS = ["1133334444", "11987654321", "2125559876", "1130501234", "4133221100", "", "31988776655", "5132109876"];
const PHONES = ["sip:200@pbx.example", "sip:201@pbx.example", "sip:231@pbx.example", "sip:240@pbx.example", "sip:101@pbx.example"];
const DIALED = ["1130501234", "08007701234", "190", "11912345678", "2733224455"];

/** How calls end, the usual ways more often. */
const ENDS: readonly { cause: CallRecord["cause"]; answered: boolean; evidence?: HangUpEvidence; status: number | null }[] = [
  { cause: "line_hung_up", answered: true, evidence: { kind: "disconnect_tone", tone: "busy", frequency_hz: 425.3, level_dbm0: -18, cycles: 3 }, status: 200 },
  { cause: "sip_hung_up", answered: true, status: 200 },
  { cause: "line_hung_up", answered: true, evidence: { kind: "loop_interruption", duration_ms: 520 }, status: 200 },
  { cause: "sip_hung_up", answered: true, status: 200 },
  { cause: "caller_gave_up", answered: false, status: 487 },
  { cause: "line_hung_up", answered: true, evidence: { kind: "polarity_reversal" }, status: 200 },
  { cause: "no_answer", answered: false, status: 480 },
  { cause: "busy", answered: false, status: 486 },
  { cause: "sip_hung_up", answered: true, status: 200 },
  { cause: "target_refused", answered: false, status: 486 },
  { cause: "no_rtp", answered: true, status: 200 },
  { cause: "no_dial_tone", answered: false, status: 503 },
  { cause: "silence", answered: true, status: 200 },
];

/** A number that looks thrown, the same for the same two numbers. */
function dice(seed: number, sides: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) % sides;
}

const pick = <T>(list: readonly T[], seed: number): T => list[dice(seed, list.length)] as T;

export class FakeHistory implements History {
  readonly #now: number;
  readonly #ports: number;
  /** How many calls there were before the world began. */
  readonly #made: number;
  #kept: StoredRecord[] = [];
  #forgotten = new Set<number>();
  #lists = new Map<string, readonly number[]>();
  #listeners = new Set<() => void>();
  #cancelled = false;

  constructor(calls: number, ports: number, now: number) {
    this.#made = calls;
    this.#ports = Math.max(1, ports);
    this.#now = now;
  }

  /** A call of the toy world is over; `startedAt`: the zero of its times. */
  keep(record: CallRecord, startedAt: number): void {
    const { started_ms, answered_ms, ended_ms, timeline, ...same } = record;
    this.#kept.push({
      ...same,
      started_at_ms: startedAt + started_ms,
      answered_at_ms: answered_ms === null ? null : startedAt + answered_ms,
      ended_at_ms: startedAt + ended_ms,
      timeline: timeline.map(({ at_ms, what }) => ({ after_ms: at_ms - started_ms, what })),
      damaged: false,
    });
    for (const kept of this.#listeners) kept();
  }

  #newest(): number {
    return this.#made + this.#kept.length;
  }

  /** The newest calls, newest first. */
  newest(count: number): StoredRecord[] {
    const newest = this.#newest();
    return Array.from({ length: Math.min(count, newest) }, (_, index) => this.#record(newest - index));
  }

  /** The call with this number, from 1. */
  #record(seq: number): StoredRecord {
    return this.#kept[seq - this.#made - 1] ?? this.#makeUp(seq);
  }

  /** A call as it is listed; its timeline is made when it is looked at. */
  #makeUp(seq: number): StoredRecord {
    const call = this.#listed(seq);
    const end = pick(ENDS, seq * 7);
    const rings = 2000 + dice(seq * 5, 14_000);
    const talk = call.ended_at_ms - call.started_at_ms - rings;
    return call.damaged ? call : { ...call, timeline: timeline(call, end, rings, talk) };
  }

  #listed(seq: number): StoredRecord {
    const end = pick(ENDS, seq * 7);
    const incoming = end.cause === "caller_gave_up" || end.cause === "target_refused" || (end.cause !== "busy" && end.cause !== "no_dial_tone" && dice(seq * 3, 3) > 0);
    const rings = 2000 + dice(seq * 5, 14_000);
    const talk = end.answered ? 4000 + dice(seq * 11, seq % 9 === 0 ? 3_900_000 : 400_000) : 0;
    const started = this.#now - (this.#made + 1 - seq) * BETWEEN_CALLS_MS + dice(seq * 13, BETWEEN_CALLS_MS / 3);
    const damaged = seq === this.#made - 6;
    return {
      id: seq.toString(16).padStart(32, "0"),
      port: dice(seq * 17, this.#ports),
      direction: incoming ? "fxo_to_sip" : "sip_to_fxo",
      from: incoming ? pick(CALLERS, seq * 19) : pick(PHONES, seq * 23),
      to: incoming ? pick(PHONES, seq * 29) : pick(DIALED, seq * 31),
      started_at_ms: started,
      answered_at_ms: end.answered ? started + rings : null,
      ended_at_ms: started + rings + talk,
      cause: end.cause,
      evidence: damaged ? null : (end.evidence ?? null),
      sip_status: end.status,
      timeline: [],
      damaged,
    };
  }

  #list(query: CallQuery, newest: number): readonly number[] {
    const key = JSON.stringify([query, newest, this.#forgotten.size]);
    const known = this.#lists.get(key);
    if (known) return known;
    const all = Object.values(query).every((asked) => asked === null || asked === "" || (Array.isArray(asked) && asked.length === 0));
    const list: number[] = [];
    for (let seq = newest; seq > 0; seq -= 1) {
      if (!this.#forgotten.has(seq) && (all || matches(this.#kept[seq - this.#made - 1] ?? this.#listed(seq), query))) list.push(seq);
    }
    if (this.#lists.size > 3) this.#lists.clear();
    this.#lists.set(key, list);
    return list;
  }

  window(query: CallQuery, upTo: number | null, first: number, count: number): Promise<CallWindow> {
    const newest = upTo ?? this.#newest();
    const list = this.#list(query, newest);
    return Promise.resolve({ total: list.length, newest, first, calls: list.slice(first, first + count).map((seq) => this.#record(seq)) });
  }

  call(id: string): Promise<StoredRecord | null> {
    const kept = this.#kept.find((record) => record.id === id);
    const seq = Number.parseInt(id, 16);
    return Promise.resolve(kept ?? (seq <= this.#made && !this.#forgotten.has(seq) ? this.#record(seq) : null));
  }

  /** Each port of the toy world has a line of its own kind. */
  callerIdVerdict(port: PortId): Promise<CallerIdVerdict> {
    const kinds: readonly CallerIdVerdict[] = [
      { verdict: "works", source: "dtmf", understood: 9, of: 10 },
      { verdict: "sends_none", of: 7 },
      { verdict: "unreadable", unread: 4, of: 6 },
      { verdict: "unknown", of: 1, least: 3 },
    ];
    return Promise.resolve(kinds[port % kinds.length] as CallerIdVerdict);
  }

  forget(query: CallQuery, upTo: number): Promise<number> {
    const list = this.#list(query, upTo);
    for (const seq of list) this.#forgotten.add(seq);
    return Promise.resolve(list.length);
  }

  choosePath(name: string): Promise<string | null> {
    return Promise.resolve(`/home/ana/${name}`);
  }

  async export(query: CallQuery, _path: string, _options: CsvOptions, progress: (told: ExportProgress) => void): Promise<Outcome<number, ExportError>> {
    const total = this.#list(query, this.#newest()).length;
    this.#cancelled = false;
    for (let written = 0; written < total; ) {
      await new Promise((next) => setTimeout(next, 40));
      if (this.#cancelled) return { ok: false, refusal: { kind: "cancelled" } };
      written = Math.min(total, written + 2500);
      progress({ written, total });
    }
    return { ok: true, value: total };
  }

  cancelExport(): Promise<void> {
    this.#cancelled = true;
    return Promise.resolve();
  }

  listen(kept: () => void): () => void {
    this.#listeners.add(kept);
    return () => this.#listeners.delete(kept);
  }
}

/** What a call of these parties and this length would look like. */
function timeline(call: StoredRecord, end: (typeof ENDS)[number], rings: number, talk: number): StoredMark[] {
  const marks: StoredMark[] = [];
  const at = (after_ms: number, what: MarkKind): unknown => marks.push({ after_ms, what });
  const peer = "192.0.2.10:5060";
  const incoming = call.direction === "fxo_to_sip";
  if (incoming) {
    const number = call.from || null;
    const burst = pick(BURSTS, Number.parseInt(call.id, 16) * 37)(number);
    if (burst) {
      at(-316, { kind: "caller_id_burst", ...burst });
      if (burst.reading.result === "understood") at(-315, { kind: "caller_id", ...burst.reading.caller });
    }
    at(0, { kind: "ring_on", frequency_hz: 25 });
    at(200, { kind: "sip_out", message: "INVITE", peer: call.to });
    at(212, { kind: "sip_in", message: "180", peer });
    at(1000, { kind: "ring_off", on_ms: 1000 });
  } else {
    at(0, { kind: "sip_in", message: "INVITE", peer: call.from });
    at(2, { kind: "seizing" });
    at(17, { kind: "hook", off_hook: true });
    if (end.cause !== "no_dial_tone") {
      at(700, { kind: "tone", tone: "dial", frequency_hz: 425, level_dbm0: -13, cycles: 1 });
      at(705, { kind: "dialing", digits: call.to });
      at(1900, { kind: "dialed" });
      const heard = (tone: "ringback" | "busy", cycles: number): MarkKind => ({ kind: "tone", tone, frequency_hz: 425.2, level_dbm0: -15, cycles });
      if (end.cause === "busy") at(rings - 40, heard("busy", 2));
      else if (rings > 4_800) at(4_300, heard("ringback", Math.ceil((rings - 4_300) / 5_000)));
    }
  }
  if (end.answered) {
    at(rings, incoming ? { kind: "sip_in", message: "200", peer } : { kind: "voice" });
    if (incoming) at(rings + 4, { kind: "seizing" });
    at(rings + 19, { kind: "answered", by: incoming ? "target" : "voice" });
    at(rings + 21, { kind: "media_attached", peer: "192.0.2.10:40000" });
  }
  const over = rings + talk;
  if (incoming && end.answered && talk > 20_000 && Number.parseInt(call.id, 16) % 4 === 1) at(rings + 12_000, { kind: "waiting_caller", burst: pick(WAITING, talk) });
  if (end.evidence) at(over - 3, { kind: "evidence", evidence: end.evidence });
  if (end.answered) at(over, { kind: "media_detached", quality: { received: Math.round(talk / 20), lost: 3, jitter_ms: 2.4, peer_lost: 0, round_trip_ms: 23 } });
  at(over, { kind: "ended", cause: end.cause });
  return marks;
}

/** What lines send, the usual things more often: digits, bytes, bytes with a wrong checksum and much noise, and nothing. */
const BURSTS: readonly ((number: string | null) => CallerIdBurst | null)[] = [sentDigits, sentBytes, sentDigits, sentBytes, corrupted, () => null];

/** What exchanges send of second callers. */
const WAITING: readonly (CallerIdBurst | null)[] = [sentBytes("1144445555"), null, corrupted("1144445555")];

function sentDigits(number: string | null): CallerIdBurst {
  return {
    level_dbm0: -9.4,
    snr_db: 33.8,
    content: { form: "dtmf", digits: number ? `A${number}C` : "B00C" },
    reading: { result: "understood", caller: { number, name: null, presentation: number ? "allowed" : "unavailable", category: null, source: "dtmf" }, date_time: null },
  };
}

export function sentBytes(number: string | null): CallerIdBurst {
  const name = number ? "PADARIA CENTRAL" : null;
  const caller = { number, name, presentation: number ? "allowed" : "unavailable", category: null, source: "bell202" } as const;
  const content = { form: "fsk", standard: "bell202", bytes: message(number, name), twist_db: 1.2, checksum: "good", message_type: "mdmf" } as const;
  return { level_dbm0: -16.2, snr_db: 31.5, content, reading: { result: "understood", caller, date_time: { month: 11, day: 28, hour: 14, minute: 5 } } };
}

function corrupted(number: string | null): CallerIdBurst {
  const burst = sentBytes(number);
  const bytes = message(number?.replace(/.$/, "?") ?? null, null);
  const content = { ...burst.content, bytes: `${bytes.slice(0, -2)}5a`, twist_db: 7.4, checksum: "bad" } as CallerIdBurst["content"];
  return { level_dbm0: -38.1, snr_db: 9.2, content, reading: { result: "not_understood", fault: "checksum" } };
}

/** An MDMF message as hexadecimal digits, with its checksum. */
function message(number: string | null, name: string | null): string {
  const text = (value: string): number[] => [...value].map((letter) => letter.charCodeAt(0));
  const part = (kind: number, value: number[]): number[] => [kind, value.length, ...value];
  const body = [...part(1, text("11281405")), ...(number ? part(2, text(number)) : part(4, text("O"))), ...(name ? part(7, text(name)) : [])];
  const bytes = [0x80, body.length, ...body];
  const sum = bytes.reduce((total, byte) => total + byte, 0) & 255;
  return [...bytes, (256 - sum) & 255].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const searched = (text: string): string => text.toLowerCase().replace(/[ ()-]/g, "");

function matches(call: StoredRecord, query: CallQuery): boolean {
  const text = searched(query.text).replace(/^\+(?=\d+$)/, "");
  return (
    (text === "" || searched(`${call.from}\n${call.to}`).includes(text)) &&
    (query.direction === null || call.direction === query.direction) &&
    (query.ports.length === 0 || query.ports.includes(call.port)) &&
    (query.answered === null || (call.answered_at_ms !== null) === query.answered) &&
    (query.causes.length === 0 || query.causes.includes(call.cause)) &&
    (query.from_epoch_ms === null || call.started_at_ms >= query.from_epoch_ms) &&
    (query.until_epoch_ms === null || call.started_at_ms < query.until_epoch_ms) &&
    (query.longer_than_s === null || (call.answered_at_ms !== null && call.ended_at_ms - call.answered_at_ms >= query.longer_than_s * 1000))
  );
}
