/** What a line sent to tell who calls: its measures against those of the standards, and its bytes to be read. */
import type { CallerIdBurst, CallerIdSource, MarkKind, StoredRecord } from "./ipc/types";

/** Where a measure lies: within its limits, below, or above; nothing where it could not be measured. */
export type Standing = "fine" | "low" | "high" | "unknown";

/** What can be said of a burst in one sentence. */
export type BurstVerdict = "clean" | "marginal" | "noisy" | "unreadable";

/** Limits of one kind of caller ID, in dBm0 and dB. */
export interface BurstLimits {
  level: readonly [number, number];
  snr: number;
  /** By how much the mark may be louder than the space; nothing where there are none. */
  twist: readonly [number, number] | null;
}

/**
 * What a receiver must be given: Bell 202 as Telcordia GR-30 has it, V.23 as ETSI EN 300 659-1, DTMF as loud as those and with the noise
 * of ITU-T Q.24.
 */
const LIMITS: Readonly<Record<Exclude<CallerIdSource, "device">, BurstLimits>> = {
  bell202: { level: [-36.2, -4.2], snr: 25, twist: [-6, 10] },
  v23: { level: [-37.8, -5.8], snr: 20, twist: [-6, 6] },
  dtmf: { level: [-36.2, 0], snr: 15, twist: null },
};

/** How a burst was sent; the modem is a guess where it ended before its mark. */
export function sourceOf({ content }: CallerIdBurst): Exclude<CallerIdSource, "device"> {
  return content.form === "dtmf" ? "dtmf" : (content.standard ?? "bell202");
}

export const limitsOf = (burst: CallerIdBurst): BurstLimits => LIMITS[sourceOf(burst)];

function standing(value: number | null, low: number, high: number): Standing {
  if (value === null) return "unknown";
  return value < low ? "low" : value > high ? "high" : "fine";
}

/** Where level, noise and twist lie. */
export function standings(burst: CallerIdBurst): { level: Standing; snr: Standing; twist: Standing } {
  const { level, snr, twist } = limitsOf(burst);
  const measured = burst.content.form === "fsk" ? burst.content.twist_db : null;
  return {
    level: standing(burst.level_dbm0, ...level),
    snr: standing(burst.snr_db, snr, Infinity),
    twist: twist === null ? "unknown" : standing(measured, ...twist),
  };
}

/** The sentence that fits: whether it was understood, and whether its measures are to blame or to be watched. */
export function burstVerdict(burst: CallerIdBurst): BurstVerdict {
  const { level, snr, twist } = standings(burst);
  const isFine = [level, snr, twist].every((one) => one === "fine" || one === "unknown");
  if (burst.reading.result === "understood") return isFine ? "clean" : "marginal";
  return isFine ? "unreadable" : "noisy";
}

/** A line of a dump: where it begins, its bytes in groups of four, and those of them that are characters. */
export interface DumpLine {
  offset: string;
  groups: string;
  text: string;
}

const BYTES_A_LINE = 8;

/** Bytes, given as hexadecimal digits, as lines of eight. */
export function dump(digits: string): DumpLine[] {
  const bytes = digits.match(/../g) ?? [];
  return Array.from({ length: Math.ceil(bytes.length / BYTES_A_LINE) }, (_, line) => {
    const part = bytes.slice(line * BYTES_A_LINE, (line + 1) * BYTES_A_LINE);
    const groups = [part.slice(0, 4), part.slice(4)].map((group) => group.join(" ").padEnd(11)).join("  ");
    const character = (byte: string): string => (/^[2-6]|^7[0-9a-e]/.test(byte) ? String.fromCharCode(Number.parseInt(byte, 16)) : "·");
    return { offset: (line * BYTES_A_LINE).toString(16).padStart(2, "0"), groups, text: part.map(character).join("") };
  });
}

/** What a record knows of how its caller was told: bursts, or why there are none. */
export interface SentOfLine {
  bursts: CallerIdBurst[];
  /** Nothing was heard, or the box told without letting its bytes be seen; nothing where the record does not say. */
  instead: "nothing" | "device" | "unanswered" | null;
}

/** What the exchange sent of those who called while somebody talked; it may have announced one and told nothing when it was asked. */
export function sentOfWaiting(call: StoredRecord): SentOfLine {
  const asked = call.timeline.flatMap(({ what }) => (what?.kind === "waiting_caller" ? [what.burst] : []));
  const bursts = asked.filter((burst): burst is CallerIdBurst => burst !== null);
  return { bursts, instead: bursts.length < asked.length ? "unanswered" : null };
}

/** What the line sent in a call; an older record that has caller ID and no burst does not say. */
export function sentOfLine(call: StoredRecord): SentOfLine {
  const marks = call.timeline.map(({ what }) => what).filter((what): what is MarkKind => what !== null);
  const bursts = marks.flatMap((what) => (what.kind === "caller_id_burst" ? [what] : []));
  const told = marks.find((what) => what.kind === "caller_id");
  const isAsked = call.direction === "fxo_to_sip" && marks.some(({ kind }) => kind === "ring_on");
  if (bursts.length > 0 || !isAsked) return { bursts, instead: null };
  if (told === undefined) return { bursts, instead: "nothing" };
  return { bursts, instead: told.source === "device" ? "device" : null };
}
