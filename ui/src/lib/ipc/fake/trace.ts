/** What goes over the wire of a toy box: a sign of life each second, and now and then a ring. The number of a line tells everything about it. */
import type { DeviceTrace, PortId, TraceEntry, TraceLine, TraceQuery, WireDirection } from "../types";

/** Between two lines. */
const LINE_MS = 500;
/** Lines that are kept, as the program keeps them. */
const KEPT = 512;
const SOUND_FRAMES_PER_LINE = 100;

type Said = readonly [direction: WireDirection, port: PortId | null, text: string, hex: string, sound?: boolean];

const BOX: readonly Said[] = [
  ["to_device", null, "request PING seq {n}", ""],
  ["from_device", null, "response PING seq {n} done", "10 27 00 00"],
  ["from_device", 0, "event RING_ON seq {n}", "e8 03 00 00 19"],
  ["from_device", 0, "event RING_OFF seq {n}", "d0 07 00 00 e8 03"],
  ["from_device", 0, "audio seq {n} 160 bytes", "a0 0f 00 00 00", true],
  ["from_device", 0, "event CALLER_ID seq {n}", "02 00 00 0a 31 31 33 33 33 33 34 34 34 34 00"],
  ["to_device", 0, "request HOOK seq {n}", "01"],
  ["from_device", 0, "response HOOK seq {n} done", ""],
  ["from_device", 0, "event HOOK seq {n}", "01 00"],
  ["to_device", 1, "request LINE seq {n}", ""],
  ["from_device", 1, "response LINE seq {n} done", "3c bc 00 00 00 00 01 00"],
  ["from_device", null, "wrong checksum", "07 10 ff 03 02 f6 f1"],
];

const MODEM: readonly Said[] = [
  ["to_device", 0, "AT-TRV<CR>", "41 54 2d 54 52 56 0d"],
  ["from_device", 0, "-TRV: -48.2", "2d 54 52 56 3a 20 2d 34 38 2e 32"],
  ["from_device", 0, "OK", "4f 4b"],
  ["from_device", 0, "RING", "52 49 4e 47"],
  ["from_device", 0, "NMBR = 1133334444", "4e 4d 42 52 20 3d 20 31 31 33 33 33 33 34 34 34 34"],
  ["to_device", 0, "AT+VLS=1<CR>", "41 54 2b 56 4c 53 3d 31 0d"],
  ["from_device", 0, "OK", "4f 4b"],
  ["from_device", 0, "<DLE>u underrun", "10 75"],
];

function entry(number: number, said: readonly Said[]): Omit<TraceLine, "at_ms"> {
  const [direction, port, text, hex, sound = false] = said[number % said.length] ?? ["to_device", null, "", ""];
  const what: TraceEntry = { kind: "piece", direction, sound, text: text.replace("{n}", String(Math.floor(number / 2) % 256)), hex };
  return { number, port, what };
}

/** The number of the line that comes next. */
export function nextLine(now_ms: number): number {
  return Math.floor(now_ms / LINE_MS) + 1;
}

/** The trace at a moment of a box that was chosen when the line with the number `since` was the next. */
export function toyTrace(now_ms: number, modem: boolean, since: number, { after, sound }: TraceQuery): DeviceTrace {
  const newest = nextLine(now_ms) - 1;
  const oldest = Math.max(since, newest - KEPT + 1);
  const said = modem ? MODEM : BOX;
  const lines: TraceLine[] = [];
  for (let number = Math.max(oldest, (after ?? -1) + 1); number <= newest; number += 1) {
    const line = { ...entry(number, said), at_ms: number * LINE_MS };
    if (sound || line.what.kind !== "piece" || !line.what.sound) lines.push(line);
  }
  return { lines, since, dropped: oldest - since, sound_frames: (newest + 1 - since) * SOUND_FRAMES_PER_LINE };
}
