import { describe, expect, it } from "vitest";

import { Words } from "../i18n";
import en from "../i18n/en";
import es from "../i18n/es";
import pt from "../i18n/pt-BR";
import { cardKey, cardName, choiceKey, choiceName, COUNTERS, isPlugged, lastDisconnect, voiceOf, wireWords, withVoice } from "../lib/box";
import type { CardEntry, CardId, DeviceChoice, LinkCounters, WireStatus } from "../lib/ipc/types";

const words = new Words("en", en);
const CARD: CardId = { capture: "alsa:hw:CARD=Box,DEV=0", playback: "alsa:hw:CARD=Box,DEV=0", rate_hz: null };
const CARDS: CardEntry[] = [{ id: CARD, name: "Box, USB Audio", is_default: false }];
const PORT = { kind: "serial", path: "/dev/ttyACM0" } as const;
const WITH_CARD: DeviceChoice = { ...PORT, kind: "serial_with_card", card: CARD };

describe("a box with its voice on a card", () => {
  it("is the same entry of the menu as its serial port", () => {
    expect(isPlugged(WITH_CARD)).toBe(true);
    expect(choiceKey(WITH_CARD)).toBe(choiceKey(PORT));
    expect(choiceName(words, WITH_CARD)).toBe("/dev/ttyACM0");
  });

  it("has its voice where a person put it, and the others have none to put", () => {
    expect(voiceOf(PORT, true)).toEqual({ path: PORT.path, card: null });
    expect(voiceOf(WITH_CARD, true)).toEqual({ path: PORT.path, card: CARD });
    // The way back stays open even where a card should never have been chosen.
    expect(voiceOf(WITH_CARD, false)).toEqual({ path: PORT.path, card: CARD });
    expect(voiceOf(PORT, false)).toBeNull();
    expect(voiceOf({ kind: "serial_as", path: PORT.path, driver: "sangoma-u100" }, true)).toBeNull();
    expect(voiceOf({ kind: "modems", paths: [PORT.path] }, true)).toBeNull();
    expect(voiceOf({ kind: "virtual", ports: 2 }, false)).toBeNull();
    expect(withVoice(PORT.path, CARD)).toEqual(WITH_CARD);
    expect(withVoice(PORT.path, null)).toEqual(PORT);
  });

  it("calls a card by its name, and one that is gone by its id", () => {
    expect(cardName(words, { ...CARD, rate_hz: 16_000 }, CARDS)).toBe("Box, USB Audio");
    expect(cardName(words, CARD, [])).toBe("alsa:hw:CARD=Box,DEV=0: not plugged in");
    expect(cardName(words, CARD, null)).toBe("alsa:hw:CARD=Box,DEV=0");
    expect(cardKey(null)).toBe("");
    expect(cardKey({ ...CARD, playback: "other" })).not.toBe(cardKey(CARD));
  });
});

describe("a wire", () => {
  const NONE: LinkCounters = { crc_errors: 0, malformed: 0, lost: 0, retries: 0, timeouts: 0, underruns: 0, overruns: 0, resyncs: 0 };
  const wire: WireStatus = { path: "/dev/ttyACM0", first_port: 0, state: { state: "opening" }, counters: NONE, disconnects: 0, last_disconnect: null };
  const LANGUAGES = { "pt-BR": pt, en, es } as const;

  it("says who answers, or why nobody does", () => {
    const identity = { model: "CX93001", serial: "", firmware: "", ports: 1 };
    expect(wireWords(words, wire)).toBe("opening");
    expect(wireWords(words, { ...wire, state: { state: "up", identity } })).toBe("CX93001 · answers");
    expect(wireWords(words, { ...wire, state: { state: "lost", fault: "denied", retry_ms: 500 } })).toBe("not permitted");
  });

  it("tells when and why it went away last, in each language", () => {
    const gone: WireStatus = { ...wire, disconnects: 7, last_disconnect: { fault: "unplugged", at_ms: 20_000 } };
    expect(lastDisconnect(words, wire, 200_000)).toBe("");
    expect(lastDisconnect(words, gone, 200_000)).toBe("last: unplugged, 3 min. ago");
    expect(lastDisconnect(words, gone, 20_400)).toBe("last: unplugged, 0 sec. ago");
    expect(lastDisconnect(words, gone, 20_000 + 7_300_000)).toBe("last: unplugged, 2 hr. ago");
    expect(lastDisconnect(new Words("pt-BR", pt), gone, 200_000)).toBe("última: desconectada, há 3 min.");
    expect(lastDisconnect(new Words("es", es), gone, 200_000)).toBe("última: desconectada, hace 3 min");
  });

  it.each(["pt-BR", "en", "es"] as const)("has words for every counter in %s", (language) => {
    expect([...COUNTERS].sort()).toEqual(Object.keys(NONE).sort());
    const spoken = new Words(language, LANGUAGES[language]);
    for (const counter of COUNTERS) expect(spoken.code("counter", counter)).not.toBe(counter);
  });
});
