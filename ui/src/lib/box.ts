/** How the chosen box is doing, in a word and a shape: the same in the strip, the sidebar and on its page. */
import type { Words } from "../i18n";
import { ago } from "./time";
import type { CardEntry, CardId, DeviceChoice, DeviceStatus, LinkCounters, WireStatus } from "./ipc/types";

export type BoxLook = "none" | "opening" | "up" | "lost";

export function boxLook(device: DeviceStatus | null): BoxLook {
  switch (device?.state.state) {
    case "up":
      return "up";
    case "lost":
      return "lost";
    case "opening":
      return "opening";
    case "off":
    case undefined:
      return "none";
  }
}

/** Whether a choice is something that is plugged in. */
export function isPlugged({ kind }: DeviceChoice): boolean {
  return kind !== "none" && kind !== "virtual";
}

/** Tells the entries of the menu apart. */
export function choiceKey(choice: DeviceChoice): string {
  switch (choice.kind) {
    case "serial":
    case "serial_with_card":
    case "serial_as":
      return choice.path;
    case "modems":
      return choice.paths.join(" ");
    case "none":
    case "virtual":
      return choice.kind;
  }
}

/** What a choice is called: the simulated box, the serial port, or how many modems. */
export function choiceName(words: Words, choice: DeviceChoice): string {
  switch (choice.kind) {
    case "none":
      return words.t("device.none");
    case "virtual":
      return words.t("device.virtual");
    case "serial":
    case "serial_with_card":
    case "serial_as":
      return choice.path;
    case "modems":
      return choice.paths.length === 1 ? (choice.paths[0] ?? "") : words.n("device.modems", choice.paths.length);
  }
}

/** One line: which box, and how it is doing or why it cannot be used. */
export function boxWords(words: Words, device: DeviceStatus | null): string {
  if (!device) return words.t("device.none");
  const { state, choice } = device;
  switch (state.state) {
    case "up":
      return words.t("device.about", {
        model: choice.kind === "virtual" ? words.t("device.virtual") : state.identity.model,
        ports: words.n("device.ports", state.identity.ports),
      });
    case "lost":
      return words.t("device.lost", { name: choiceName(words, choice), fault: words.code("device_fault", state.fault) });
    case "opening":
      return words.t("device.opening", { name: choiceName(words, choice) });
    case "off":
      return words.t("device.none");
  }
}

/** The serial port of a box whose voice can be on a sound card that a person chooses, and the card that was chosen. */
export function voiceOf(choice: DeviceChoice, takesCard: boolean): { path: string; card: CardId | null } | null {
  if (choice.kind === "serial_with_card") return { path: choice.path, card: choice.card };
  return choice.kind === "serial" && takesCard ? { path: choice.path, card: null } : null;
}

/** The same box with its voice on a card, or where the box itself has it. */
export function withVoice(path: string, card: CardId | null): DeviceChoice {
  return card ? { kind: "serial_with_card", path, card } : { kind: "serial", path };
}

/** Tells cards apart, whatever their rate. */
export function cardKey(card: CardId | null): string {
  return card ? JSON.stringify([card.capture, card.playback]) : "";
}

/** What a card is called: by its id where it is not among those that are plugged in. `cards`: null before they are known. */
export function cardName(words: Words, card: CardId, cards: readonly CardEntry[] | null): string {
  const entry = cards?.find(({ id }) => cardKey(id) === cardKey(card));
  if (entry) return entry.name;
  return cards ? words.t("devices.voice_gone", { card: card.capture }) : card.capture;
}

/** The counters of a wire in the order in which they are told. */
export const COUNTERS: readonly (keyof LinkCounters)[] = ["crc_errors", "malformed", "lost", "retries", "timeouts", "underruns", "overruns", "resyncs"];

/** How a wire is doing, in a few words: who answers, or why nobody does. */
export function wireWords(words: Words, { state }: WireStatus): string {
  switch (state.state) {
    case "up":
      return [state.identity.model, words.t("wire_state.up")].join(" · ");
    case "lost":
      return words.code("device_fault", state.fault);
    case "opening":
    case "off":
      return words.code("wire_state", state.state);
  }
}

/** "last: unplugged, 3 min ago"; blank where the wire never went away. `now_ms`: in the time of the gateway. */
export function lastDisconnect(words: Words, { last_disconnect: last }: WireStatus, now_ms: number): string {
  if (!last) return "";
  return words.t("devices.disconnects_last", { fault: words.code("device_fault", last.fault), ago: ago(words.language, now_ms - last.at_ms) });
}
