/** The boxes of the toy world: a simulated one that always works, and plugs in which nothing answers. */
import type { DeviceChoice, DeviceEntry, DeviceFault, DeviceState, DeviceStatus, Identity, LinkCounters } from "../types";

interface Plug {
  path: string;
  name: string;
  usb: string;
  serial: string;
  known: boolean;
  fault: DeviceFault;
  modem?: boolean;
}

const PLUGS: readonly Plug[] = [
  { path: "/dev/ttyACM0", name: "Loopstart FXO-2", usb: "1209:f0c2", serial: "LS2-004711", known: true, fault: "busy" },
  { path: "/dev/ttyACM2", name: "USB Modem", usb: "0572:1329", serial: "24680246", known: true, fault: "denied", modem: true },
  { path: "/dev/ttyUSB0", name: "FT232R USB UART", usb: "0403:6001", serial: "A50285BI", known: false, fault: "silent" },
];

/** A box that somebody used once and has unplugged. */
const GONE: DeviceChoice = { kind: "serial", path: "/dev/ttyACM1" };
const RETRY_MS = 4000;
const COUNTERS: LinkCounters = { crc_errors: 0, malformed: 0, lost: 0, retries: 0, timeouts: 0, underruns: 0, overruns: 0, resyncs: 0 };

function choiceOf(path: string, modem = false): DeviceChoice {
  return modem ? { kind: "modems", paths: [path] } : { kind: "serial", path };
}

function pathsOf(choice: DeviceChoice): readonly string[] {
  return choice.kind === "modems" ? choice.paths : "path" in choice ? [choice.path] : [];
}

export class ToyBox {
  #choice: DeviceChoice;

  /** With no lines, the box that is chosen is not there. */
  constructor(lines: number) {
    this.#choice = lines === 0 ? GONE : { kind: "virtual", ports: lines };
  }

  get simulated(): boolean {
    return this.#choice.kind === "virtual";
  }

  choose(choice: DeviceChoice): void {
    this.#choice = choice;
  }

  identity(): Identity | null {
    return this.#choice.kind === "virtual" ? { model: "Virtual", serial: "", firmware: "1.0", ports: this.#choice.ports } : null;
  }

  status(): DeviceStatus {
    return { choice: this.#choice, state: this.#state(), counters: COUNTERS };
  }

  menu(): DeviceEntry[] {
    const chosen = this.#choice;
    const plugs = PLUGS.map(({ path, name, usb, serial, known, modem }) => ({
      choice: choiceOf(path, modem),
      name,
      usb,
      serial,
      known,
      chosen: pathsOf(chosen).includes(path),
    }));
    const gone = pathsOf(chosen).length > 0 && !plugs.some((plug) => plug.chosen);
    return [
      ...(gone ? [{ choice: chosen, name: pathsOf(chosen).join(), usb: "", serial: "", known: false, chosen: true }] : []),
      ...plugs,
      {
        choice: { kind: "virtual", ports: chosen.kind === "virtual" ? chosen.ports : 2 },
        name: "",
        usb: "",
        serial: "",
        known: true,
        chosen: chosen.kind === "virtual",
      },
    ];
  }

  #state(): DeviceState {
    const identity = this.identity();
    if (identity) return { state: "up", identity };
    const chosen = this.#choice;
    if (pathsOf(chosen).length === 0) return { state: "off" };
    return { state: "lost", fault: PLUGS.find(({ path }) => pathsOf(chosen).includes(path))?.fault ?? "not_found", retry_ms: RETRY_MS };
  }
}
