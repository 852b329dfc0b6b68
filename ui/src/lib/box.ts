/** How the chosen box is doing, in a word and a shape: the same in the strip, the sidebar and on its page. */
import type { Words } from "../i18n";
import type { DeviceChoice, DeviceStatus } from "./ipc/types";

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
