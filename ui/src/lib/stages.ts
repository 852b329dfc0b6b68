/**
 * How long each stage of an outgoing call took, from the marks of its timeline. What the marks do not tell is said to be unknown: where one
 * is missing, or marks were left out in between, nothing is guessed.
 */
import type { AnsweredBy, MarkKind, StoredMark, StoredRecord } from "./ipc/types";

/** In the order of a call. */
export const STAGES = ["seizing", "dial_tone", "pause", "dialing", "post_dial", "ringing"] as const;
export type StageName = (typeof STAGES)[number];

export interface Stage {
  name: StageName;
  /**
   * `done`: both of its ends are known. `ended`: the call ended in it. `unknown`: its marks are missing. `not_reached`: the call ended before
   * it. `none`: this call has no such stage.
   */
  came: "done" | "ended" | "unknown" | "not_reached" | "none";
  /** In ms after the first sign of the call; of what is `done` or `ended` alone. */
  from_ms: number | null;
  to_ms: number | null;
}

export interface Stages {
  stages: readonly Stage[];
  /** Off hook was ordered, in ms after the first sign of the call. */
  from_ms: number;
  /** It was answered, or it ended; `null`: neither is marked. */
  to_ms: number | null;
  /** What it was seen as answered by; `null`: it was not, as far as the marks tell. */
  answered_by: AnsweredBy | null;
}

type Test = (what: MarkKind) => boolean;

/** What tells what became of a number that was dialled. */
const SIGNS: readonly string[] = ["ringback", "busy", "congestion", "special_information", "fax_answering", "modem_answering"];

const isTone = (what: MarkKind, tones: readonly string[]): boolean => what.kind === "tone" && tones.includes(what.tone);
const isHook: Test = (what) => what.kind === "hook" && what.off_hook;
const isDialTone: Test = (what) => isTone(what, ["dial"]);
const isRingback: Test = (what) => isTone(what, ["ringback"]);
const isSign: Test = (what) =>
  isTone(what, SIGNS) || what.kind === "voice" || (what.kind === "answered" && what.by !== "dialing") || what.kind === "polarity" || what.kind === "evidence";

/** The stages of a call to the line; `null` where none are known: the call came from the line, or no seizure is marked. */
export function stages(call: Pick<StoredRecord, "direction" | "to" | "timeline">): Stages | null {
  // Who tests a line without a number measures it, and calls nobody.
  if (call.direction === "fxo_to_sip" || (call.direction === "test" && call.to === "")) return null;
  const marks = call.timeline;
  // A caller who met a ringing line was given another one: the last seizure before the number was dialled is the one that counts.
  const dialing = place(marks, 0, marks.length, (what) => what.kind === "dialing");
  const seizing = lastPlace(marks, dialing ?? marks.length, (what) => what.kind === "seizing");
  return seizing === null ? null : measure(marks, turnsOf(marks, seizing, dialing));
}

/** Where a call turned, as places in its timeline; `null`: it is not marked. */
interface Turns {
  seizing: number;
  hook: number | null;
  dialTone: number | null;
  dialing: number | null;
  dialed: number | null;
  sign: number | null;
  ringback: number | null;
  answered: number | null;
  ended: number | null;
}

function turnsOf(marks: readonly StoredMark[], seizing: number, dialing: number | null): Turns {
  const within = (from: number | null, until: number | null, test: Test): number | null => (from === null ? null : place(marks, from + 1, until ?? marks.length, test));
  const ended = within(seizing, null, (what) => what.kind === "ended");
  const answered = within(seizing, ended, (what) => what.kind === "answered");
  // After the number began, off hook and dial tone are of something else.
  const hook = within(seizing, dialing ?? ended, isHook);
  const dialTone = within(hook ?? seizing, dialing ?? ended, isDialTone);
  const dialed = within(dialing, ended, (what) => what.kind === "dialed");
  const sign = within(dialed, ended, isSign);
  const ringback = within(dialed, answered ?? ended, isRingback);
  return { seizing, hook, dialTone, dialing, dialed, sign, ringback, answered, ended };
}

function measure(marks: readonly StoredMark[], turns: Turns): Stages {
  const { seizing, hook, dialTone, dialing, dialed, sign, ringback, answered, ended } = turns;
  const mark = answered === null ? null : marks[answered]?.what;
  const answered_by = mark?.kind === "answered" ? mark.by : null;
  // Who dials himself (two-stage) is beyond what the program knows of a number.
  const dials = answered_by !== "seizure";
  const stage = (name: StageName, from: number | null, to: number | null, exists = true): Stage => {
    const known = (came: "done" | "ended", last: number): Stage =>
      from === null || isHoled(marks, from, last) ? unknown : { name, came, from_ms: at(marks, from), to_ms: at(marks, last) };
    const unknown: Stage = { name, came: "unknown", from_ms: null, to_ms: null };
    if (!exists) return { ...unknown, came: "none" };
    if (from === null) return unknown;
    if (to !== null) return known("done", to);
    // A call that went on is beyond this stage, whatever is missing.
    const wentOn = [hook, dialTone, dialing, dialed, sign, ringback, answered].some((turn) => turn !== null && turn > from);
    return wentOn || ended === null ? unknown : known("ended", ended);
  };
  const found = [
    stage("seizing", seizing, hook),
    // A number that is dialled without one did not wait for it.
    stage("dial_tone", hook, dialTone, dialTone !== null || dialing === null || isHoled(marks, hook ?? seizing, dialing)),
    stage("pause", dialTone ?? hook, dialing, dials),
    stage("dialing", dialing, dialed, dials),
    stage("post_dial", dialed, sign, dials),
    stage("ringing", ringback, answered, dials && (ringback !== null || sign === null || isHoled(marks, dialed ?? seizing, answered ?? ended ?? marks.length))),
  ];
  return { stages: untilTheEnd(found), from_ms: at(marks, seizing) ?? 0, to_ms: at(marks, answered ?? ended), answered_by };
}

/** What follows the stage in which the call ended was not reached. */
function untilTheEnd(found: readonly Stage[]): Stage[] {
  const last = found.findIndex(({ came }) => came === "ended");
  return found.map((stage, n) => (last >= 0 && n > last ? { ...stage, came: "not_reached", from_ms: null, to_ms: null } : stage));
}

function place(marks: readonly StoredMark[], from: number, until: number, test: Test): number | null {
  const found = marks.findIndex(({ what }, n) => n >= from && n < until && what !== null && test(what));
  return found < 0 ? null : found;
}

function lastPlace(marks: readonly StoredMark[], until: number, test: Test): number | null {
  const found = marks.findLastIndex(({ what }, n) => n < until && what !== null && test(what));
  return found < 0 ? null : found;
}

function at(marks: readonly StoredMark[], n: number | null): number | null {
  return n === null ? null : (marks[n]?.after_ms ?? null);
}

/** Whether marks were left out between two, or one is of a kind that only a newer program knows: what ended the stage may have been that. */
function isHoled(marks: readonly StoredMark[], from: number, to: number): boolean {
  return marks.slice(from, to).some(({ what }) => what === null || what.kind === "left_out");
}
