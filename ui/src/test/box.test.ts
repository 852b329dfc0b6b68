import { describe, expect, it } from "vitest";

import { Words } from "../i18n";
import en from "../i18n/en";
import es from "../i18n/es";
import pt from "../i18n/pt-BR";
import { cardKey, cardName, choiceKey, choiceName, isPlugged, voiceOf, wireWords, withVoice } from "../lib/box";
import type { CardEntry, CardId, DeviceChoice, LinkCounters } from "../lib/ipc/types";

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

describe("what went wrong on the wire", () => {
  const NONE: LinkCounters = { crc_errors: 0, malformed: 0, lost: 0, retries: 0, timeouts: 0, underruns: 0, overruns: 0, resyncs: 0 };

  const plain = (text: string): string => text.replaceAll("\u00a0", " ");

  it("is told where it is more than nothing, each as one or many", () => {
    expect(wireWords(words, NONE)).toBe("");
    expect(plain(wireWords(words, { ...NONE, crc_errors: 2, lost: 1, underruns: 14 }))).toBe("2 checksum errors · 1 frame lost · 14 gaps in playback");
    expect(plain(wireWords(new Words("pt-BR", pt), { ...NONE, overruns: 1, resyncs: 3 }))).toBe("1 perda de áudio · 3 ressincronizações");
  });

  it.each(["pt-BR", "en", "es"] as const)("has words for every counter in %s", (language) => {
    const spoken = new Words(language, { "pt-BR": pt, en, es }[language]);
    for (const counter of Object.keys(NONE)) expect(wireWords(spoken, { ...NONE, [counter]: 1 }), counter).toMatch(/^1\u00a0\p{L}/u);
  });
});
