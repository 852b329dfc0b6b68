import { describe, expect, it } from "vitest";

import pt from "../i18n/pt-BR";
import type { HeardTone, MarkKind, StoredMark, StoredRecord } from "../lib/ipc/types";
import { STAGES, stages, type Stages } from "../lib/stages";

const tone = (name: HeardTone["tone"], cycles = 1): MarkKind => ({ kind: "tone", tone: name, frequency_hz: 425, level_dbm0: -15, cycles });
const INVITE: MarkKind = { kind: "sip_in", message: "INVITE", peer: "sip:201@pbx.example" };
const HOOK: MarkKind = { kind: "hook", off_hook: true };
const DIALING: MarkKind = { kind: "dialing", digits: "1130501234" };

function told(...marks: [number, MarkKind | null][]): StoredMark[] {
  return marks.map(([after_ms, what]) => ({ after_ms, what }));
}

function of(timeline: StoredMark[], more: Partial<StoredRecord> = {}): Stages {
  const found = stages({ direction: "sip_to_fxo", to: "1130501234", timeline, ...more });
  if (!found) throw new Error("no stages");
  return found;
}

/** Each stage as it came, with its length where it is known. */
const said = ({ stages }: Stages): string[] =>
  stages.map(({ name, came, from_ms, to_ms }) => `${name} ${came}${from_ms === null || to_ms === null ? "" : ` ${to_ms - from_ms}`}`);

/** As the program marks a call that is answered by voice. */
const ANSWERED = told(
  [0, INVITE],
  [1, { kind: "seizing" }],
  [31, HOOK],
  [31, { kind: "polarity", forward: false }],
  [580, tone("dial")],
  [580, DIALING],
  [2_580, { kind: "dialed" }],
  [2_580, { kind: "sip_out", message: "183", peer: "192.0.2.10:5060" }],
  [2_580, { kind: "media_attached", peer: "192.0.2.10:40000", srtp: false }],
  [6_120, tone("ringback", 3)],
  [17_400, { kind: "voice" }],
  [17_400, { kind: "answered", by: "voice" }],
  [17_400, { kind: "sip_out", message: "200", peer: "192.0.2.10:5060" }],
  [60_000, { kind: "sip_in", message: "BYE", peer: "192.0.2.10:5060" }],
  [60_000, { kind: "ended", cause: "sip_hung_up" }],
  [60_001, { kind: "releasing" }],
  [60_040, { kind: "hook", off_hook: false }],
  [60_040, { kind: "released" }],
);

/** The timeline up to a mark of this kind, and what came instead. */
function until(kind: MarkKind["kind"], ...instead: [number, MarkKind | null][]): StoredMark[] {
  const at = ANSWERED.findIndex(({ what }) => what?.kind === kind);
  return [...ANSWERED.slice(0, at), ...told(...instead)];
}
const without = (test: (what: MarkKind) => boolean): StoredMark[] => ANSWERED.filter(({ what }) => what === null || !test(what));

it("every stage has words, and so has all that may come of one", () => {
  const keys = [...STAGES.flatMap((name) => [`stages.name.${name}`, `stages.about.${name}`]), "stages.came.unknown", "stages.came.not_reached"];
  expect(keys.filter((key) => !(key in pt))).toEqual([]);
});

describe("stages of a call to the line", () => {
  it("last from mark to mark until the answer", () => {
    const found = of(ANSWERED);
    expect(said(found)).toEqual(["seizing done 30", "dial_tone done 549", "pause done 0", "dialing done 2000", "post_dial done 3540", "ringing done 11280"]);
    expect([found.from_ms, found.to_ms, found.answered_by]).toEqual([1, 17_400, "voice"]);
  });

  it("without a wait for dial tone have a pause instead", () => {
    const found = of(without((what) => what.kind === "tone" && what.tone === "dial"));
    expect(said(found).slice(0, 4)).toEqual(["seizing done 30", "dial_tone none", "pause done 549", "dialing done 2000"]);
  });

  it("of a busy number end with what was heard, and nothing rang", () => {
    const found = of([...ANSWERED.slice(0, 9), ...told([5_100, tone("busy", 2)], [5_100, { kind: "ended", cause: "busy" }])]);
    expect(said(found).slice(3)).toEqual(["dialing done 2000", "post_dial done 2520", "ringing none"]);
    expect([found.to_ms, found.answered_by]).toEqual([5_100, null]);
  });

  it("are not reached where the call ended before them", () => {
    const dead = of(until("hook", [4_000, { kind: "seize_failed", failure: "timeout" }], [4_000, { kind: "ended", cause: "seize_failed" }]));
    expect(said(dead)).toEqual(["seizing ended 3999", "dial_tone not_reached", "pause not_reached", "dialing not_reached", "post_dial not_reached", "ringing not_reached"]);
    const silent = of(until("tone", [10_031, { kind: "ended", cause: "no_dial_tone" }]));
    expect(said(silent).slice(0, 3)).toEqual(["seizing done 30", "dial_tone ended 10000", "pause not_reached"]);
    const cancelled = of(until("dialed", [1_200, { kind: "ended", cause: "sip_cancelled" }]));
    expect(said(cancelled).slice(3)).toEqual(["dialing ended 620", "post_dial not_reached", "ringing not_reached"]);
    const unheard = of(until("media_attached", [62_580, { kind: "ended", cause: "no_answer" }]));
    expect(said(unheard).slice(4)).toEqual(["post_dial ended 60000", "ringing not_reached"]);
    const unanswered = of(until("voice", [62_580, { kind: "ended", cause: "no_answer" }]));
    expect(said(unanswered).slice(4)).toEqual(["post_dial done 3540", "ringing ended 56460"]);
  });

  it("whose marks are missing are unknown, and never guessed", () => {
    expect(said(of(without((what) => what.kind === "hook")))).toEqual(["seizing unknown", "dial_tone unknown", "pause done 0", "dialing done 2000", "post_dial done 3540", "ringing done 11280"]);
    expect(said(of(without((what) => what.kind === "dialed"))).slice(2)).toEqual(["pause done 0", "dialing unknown", "post_dial unknown", "ringing unknown"]);
    const dead = without((what) => what.kind === "hook" || what.kind === "answered" || what.kind === "voice");
    expect(said(of(dead))[0]).toBe("seizing unknown");
    expect(said(of(ANSWERED.slice(0, 10))).at(-1)).toBe("ringing unknown");
  });

  it("in which marks were left out, or that only a newer program knows, are unknown", () => {
    const holed = (what: MarkKind | null): string[] => said(of([...ANSWERED.slice(0, 9), ...told([3_000, what]), ...ANSWERED.slice(9)]));
    for (const what of [null, { kind: "left_out", count: 7 } as const]) {
      expect(holed(what).slice(3)).toEqual(["dialing done 2000", "post_dial unknown", "ringing done 11280"]);
    }
    const busy = [...ANSWERED.slice(0, 9), ...told([3_000, { kind: "left_out", count: 2 }], [5_100, tone("busy", 2)], [5_100, { kind: "ended", cause: "busy" }])];
    expect(said(of(busy)).slice(4)).toEqual(["post_dial unknown", "ringing unknown"]);
  });

  it("begin with the line that was dialled on, when another one rang first", () => {
    const moved = told([0, INVITE], [1, { kind: "seizing" }], [20, { kind: "seize_failed", failure: "glare" }], [21, { kind: "seizing" }]);
    const found = of([...moved, ...ANSWERED.slice(2)]);
    expect([said(found)[0], found.from_ms]).toEqual(["seizing done 10", 21]);
  });

  it("of one who dials himself end with the seizure", () => {
    const marks = told([0, INVITE], [1, { kind: "seizing" }], [31, HOOK], [31, { kind: "answered", by: "seizure" }], [600, tone("dial")], [900, { kind: "digit_sent", digit: "1" }], [9_000, { kind: "ended", cause: "sip_hung_up" }]);
    const found = of(marks, { to: "" });
    expect(said(found)).toEqual(["seizing done 30", "dial_tone done 569", "pause none", "dialing none", "post_dial none", "ringing none"]);
    expect([found.to_ms, found.answered_by]).toEqual([31, "seizure"]);
  });

  it("answered with the last digit, go on to what the exchange said", () => {
    const marks = [...ANSWERED.slice(0, 7), ...told([2_580, { kind: "answered", by: "dialing" }], [6_120, tone("ringback", 2)], [30_000, { kind: "ended", cause: "sip_hung_up" }])];
    expect(said(of(marks)).slice(3)).toEqual(["dialing done 2000", "post_dial done 3540", "ringing none"]);
  });

  it("are none of a call from the line, of a measured line, and of a record without marks", () => {
    expect(stages({ direction: "fxo_to_sip", to: "", timeline: ANSWERED })).toBeNull();
    expect(stages({ direction: "test", to: "", timeline: ANSWERED })).toBeNull();
    expect(stages({ direction: "test", to: "101", timeline: ANSWERED })).not.toBeNull();
    expect(stages({ direction: "sip_to_fxo", to: "101", timeline: [] })).toBeNull();
  });
});
