/**
 * A recorded minute of a Brazilian line, round and round: caller ID by DTMF before the ring, 25 Hz for one second in five, an answer, a talk,
 * and busy tone; and what a test of the line hears.
 */
import type { CallView, EndCause, HeardTone, Mark, MarkKind, Meter, PortId, PortState, PortView } from "../types";

/** The recording repeats after this long. */
export const ROUND_MS = 60_000;

const CALLER = "11987654321";
const TARGET = "sip:200@pbx.example";
const PEER = "192.0.2.20";

const FIRST_RING_MS = 5_200;
const ANSWER_MS = 17_400;
const BUSY_MS = 48_000;
const END_MS = 49_500;
const GUARD_MS = 50_500;

const tone = (name: HeardTone["tone"], cycles: number, level_dbm0: number): MarkKind => ({ kind: "tone", tone: name, frequency_hz: 425.2, level_dbm0, cycles });
const sipOut = (message: string, peer = PEER): MarkKind => ({ kind: "sip_out", message, peer });
const sipIn = (message: string): MarkKind => ({ kind: "sip_in", message, peer: PEER });

/** What happens in a round, by its moment in it. */
const ROUND: readonly [number, MarkKind][] = [
  [2_000, { kind: "polarity", forward: false }],
  [2_250, { kind: "polarity", forward: true }],
  [4_600, { kind: "caller_id", number: CALLER, name: null, presentation: "allowed", category: "1", source: "dtmf" }],
  [FIRST_RING_MS, { kind: "ring_on", frequency_hz: 25 }],
  [FIRST_RING_MS + 200, sipOut("INVITE", TARGET)],
  [FIRST_RING_MS + 310, sipIn("180")],
  [FIRST_RING_MS + 1_000, { kind: "ring_off", on_ms: 1000 }],
  [FIRST_RING_MS + 5_000, { kind: "ring_on", frequency_hz: 25 }],
  [FIRST_RING_MS + 6_000, { kind: "ring_off", on_ms: 1000 }],
  [FIRST_RING_MS + 10_000, { kind: "ring_on", frequency_hz: 25 }],
  [FIRST_RING_MS + 11_000, { kind: "ring_off", on_ms: 1000 }],
  [ANSWER_MS - 40, sipIn("200")],
  [ANSWER_MS - 35, { kind: "seizing" }],
  [ANSWER_MS - 20, { kind: "hook", off_hook: true }],
  [ANSWER_MS, { kind: "answered", by: "target" }],
  [ANSWER_MS, { kind: "media_attached", peer: `${PEER}:30112` }],
  [26_300, { kind: "digit_sent", digit: "4" }],
  [26_700, { kind: "digit_sent", digit: "2" }],
  [27_150, { kind: "digit_sent", digit: "#" }],
  [BUSY_MS + 500, tone("busy", 1, -17.6)],
  [BUSY_MS + 1_000, tone("busy", 2, -17.6)],
  [BUSY_MS + 1_500, tone("busy", 3, -17.5)],
  [END_MS, { kind: "evidence", evidence: { kind: "disconnect_tone", tone: "busy", frequency_hz: 425.2, level_dbm0: -17.5, cycles: 3 } }],
  [END_MS, sipOut("BYE")],
  [END_MS, { kind: "media_detached", quality: { received: 1042, lost: 2, jitter_ms: 2.1, peer_lost: 0, round_trip_ms: 23 } }],
  [END_MS, { kind: "ended", cause: "line_hung_up" }],
  [END_MS + 2, { kind: "releasing" }],
  [END_MS + 18, { kind: "hook", off_hook: false }],
  [END_MS + 18, { kind: "released" }],
];

/** The lines of the toy world begin their rounds at different moments. */
const phase = (port: PortId): number => port * 7_300;

/** The marks of a line after one moment and up to another. */
export function recordedMarks(port: PortId, after_ms: number, to_ms: number): Mark[] {
  const marks: Mark[] = [];
  const first = Math.floor((after_ms + phase(port)) / ROUND_MS);
  for (let round = first; round * ROUND_MS - phase(port) <= to_ms; round += 1) {
    for (const [at, what] of ROUND) {
      const at_ms = round * ROUND_MS - phase(port) + at;
      if (at_ms > after_ms && at_ms <= to_ms) marks.push({ at_ms, port, what });
    }
  }
  return marks;
}

/** A speech level that rises and falls, never the same twice in a minute. */
function speech(t_ms: number, side: number): number {
  const t = t_ms / 1000;
  const speaks = Math.sin(t / 2.1 + side * Math.PI) + 0.35 * Math.sin(t / 0.83 + side) > -0.05;
  return speaks ? -18 + 5 * Math.sin(t * 5.3 + side) + 4 * Math.sin(t * 13.1 + side * 2) : -56 + 4 * Math.sin(t * 9 + side);
}

function meter(at_ms: number): Meter | null {
  const talked_ms = at_ms - ANSWER_MS;
  if (talked_ms < 0 || at_ms > END_MS) return null;
  const packets = Math.floor(talked_ms / 20);
  const busy = at_ms >= BUSY_MS;
  const rx_dbm0 = busy ? ((at_ms - BUSY_MS) % 500 < 250 ? -17.5 : -62) : speech(at_ms, 0);
  const digit = at_ms > 26_250 && at_ms < 27_250;
  const tx_dbm0 = digit ? (at_ms % 420 < 120 ? -10 : -60) : busy ? -58 : speech(at_ms, 1);
  return { rx_dbm0, tx_dbm0, sent: packets, received: packets - 2, lost: 2, jitter_ms: 2.1 + Math.sin(at_ms / 900) * 0.4, buffer_ms: 40, peer_lost: 0, round_trip_ms: 23 };
}

/** The line as the picture of a moment shows it. */
export function recordedView(view: PortView, now_ms: number): PortView {
  const at = (now_ms + phase(view.port)) % ROUND_MS;
  const began = now_ms - at;
  const [state, line, since]: [PortState, PortView["line"], number] =
    at < FIRST_RING_MS + 200
      ? ["idle", "idle", GUARD_MS + 1_000 - ROUND_MS]
      : at < ANSWER_MS
        ? ["calling", "ringing", FIRST_RING_MS + 200]
        : at < END_MS
          ? ["talking", "off_hook", ANSWER_MS]
          : at < GUARD_MS
            ? ["guard", "guard", END_MS]
            : ["idle", "idle", GUARD_MS];
  const up = state === "calling" || state === "talking";
  const call: CallView | null = up
    ? {
        id: "0".repeat(32),
        direction: "fxo_to_sip",
        from: CALLER,
        to: TARGET,
        started_ms: began + FIRST_RING_MS,
        answered_ms: state === "talking" ? began + ANSWER_MS : null,
        waiting: null,
        line_test: null,
      }
    : null;
  const rings = state === "calling" && (at - FIRST_RING_MS) % 5_000 < 1_000;
  const reversed = at > 2_000 && at < 2_250;
  // DTMF caller ID comes on hook: the channel has no meter then, but the box sees the line.
  const rest_mv = 48_200 + Math.round(90 * Math.sin(now_ms / 5_000));
  const millivolts = state === "talking" ? 7_900 + Math.round(120 * Math.sin(now_ms / 700)) : rings ? 52_600 : reversed ? -rest_mv : rest_mv;
  const microamps = state === "talking" ? 24_000 + Math.round(400 * Math.sin(now_ms / 1_100)) : 0;
  return { ...view, state, line, since_ms: Math.max(0, began + since), call, meter: meter(at), millivolts, microamps };
}

/** For how long busy tone has sounded on a line, in ms; `null`: it does not. */
export function busyFor(port: PortId, now_ms: number): number | null {
  const at = (now_ms + phase(port)) % ROUND_MS;
  return at >= BUSY_MS && at < END_MS ? at - BUSY_MS : null;
}

/** One step of a test: how long after the one before, what is seen, and what the port does then. */
export interface TestStep {
  after_ms: number;
  marks: MarkKind[];
  state?: PortState;
  end?: EndCause;
}

/** What a test of a toy line hears. 101 is busy; any other number answers. */
export function testSteps(number: string | null): TestStep[] {
  const steps: TestStep[] = [
    { after_ms: 0, marks: [{ kind: "seizing" }], state: "dialing" },
    { after_ms: 20, marks: [{ kind: "hook", off_hook: true }] },
    { after_ms: 700, marks: [tone("dial", 1, -13.2)] },
  ];
  if (number === null) return [...steps, { after_ms: 10, marks: [], end: "test_over" }];
  steps.push(
    { after_ms: 10, marks: [{ kind: "dialing", digits: number }] },
    { after_ms: 180 * number.length, marks: [{ kind: "dialed" }], state: "waiting" },
  );
  if (number === "101") return [...steps, { after_ms: 1_600, marks: [tone("busy", 2, -16.8)] }, { after_ms: 10, marks: [], end: "busy" }];
  return [
    ...steps,
    { after_ms: 1_500, marks: [tone("ringback", 1, -15.1)] },
    { after_ms: 1_400, marks: [{ kind: "voice" }, { kind: "answered", by: "voice" }], state: "talking" },
    { after_ms: 6_000, marks: [], end: "test_over" },
  ];
}
