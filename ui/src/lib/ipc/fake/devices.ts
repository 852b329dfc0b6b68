/** The boxes of the toy world: a simulated one that always works, one that works with its voice on a sound card, and plugs in which nothing answers. */
import type {
  CardEntry,
  DeviceChoice,
  DeviceEntry,
  DeviceFault,
  DeviceHint,
  DeviceState,
  DeviceStatus,
  DeviceTrace,
  Identity,
  LinkCounters,
  TraceQuery,
  WireStatus,
} from "../types";
import { nextLine, toyTrace } from "./trace";

interface Plug {
  path: string;
  name: string;
  usb: string;
  serial: string;
  known: boolean;
  fault: DeviceFault;
  modem?: boolean;
  /** What it says of itself once its voice is on a card that is there. */
  identity?: Identity;
}

const PLUGS: readonly Plug[] = [
  { path: "/dev/ttyACM0", name: "Loopstart FXO-2", usb: "1209:f0c2", serial: "LS2-004711", known: true, fault: "busy" },
  { path: "/dev/ttyACM2", name: "USB Modem", usb: "0572:1329", serial: "24680246", known: true, fault: "denied", modem: true },
  {
    path: "/dev/ttyACM4",
    name: "USB Modem",
    usb: "0572:1340",
    serial: "24680311",
    known: true,
    fault: "silent",
    modem: true,
    identity: { model: "CX93001", serial: "", firmware: "V90_V2.704", ports: 1 },
  },
  { path: "/dev/ttyUSB0", name: "FT232R USB UART", usb: "0403:6001", serial: "A50285BI", known: false, fault: "silent" },
  {
    path: "/dev/ttyACM3",
    name: "Loopstart UAC-2",
    usb: "1209:f0c3",
    serial: "LU2-000815",
    known: true,
    fault: "no_card",
    identity: { model: "Loopstart UAC-2", serial: "LU2-000815", firmware: "2.1", ports: 2 },
  },
];

const CARDS: readonly CardEntry[] = [
  { id: { capture: "alsa:hw:CARD=PCH,DEV=0", playback: "alsa:hw:CARD=PCH,DEV=0", rate_hz: null }, name: "HDA Intel PCH, ALC257 Analog", is_default: true },
  { id: { capture: "alsa:hw:CARD=UAC2,DEV=0", playback: "alsa:hw:CARD=UAC2,DEV=0", rate_hz: null }, name: "Loopstart UAC-2, USB Audio", is_default: false },
];

const MODEMS: DeviceChoice = { kind: "modems", paths: PLUGS.filter(({ modem }) => modem).map(({ path }) => path) };

/** A box that somebody used once and has unplugged. */
const GONE: DeviceChoice = { kind: "serial", path: "/dev/ttyACM1" };
const RETRY_MS = 4000;
/** How long ago a toy box vanished last. */
const VANISHED_MS = 190_000;
const FILE = "/etc/udev/rules.d/60-loopstart.rules";
/** What a wire has been through that works, but not well. */
const WORN: LinkCounters = { crc_errors: 2, malformed: 0, lost: 1, retries: 3, timeouts: 0, underruns: 14, overruns: 1, resyncs: 2 };
const COUNTERS: LinkCounters = { crc_errors: 0, malformed: 0, lost: 0, retries: 0, timeouts: 0, underruns: 0, overruns: 0, resyncs: 0 };

function choiceOf(path: string, modem = false): DeviceChoice {
  return modem ? { kind: "modems", paths: [path] } : { kind: "serial", path };
}

function pathsOf(choice: DeviceChoice): readonly string[] {
  return choice.kind === "modems" ? choice.paths : "path" in choice ? [choice.path] : [];
}

function isOnly(choice: DeviceChoice, path: string): boolean {
  const paths = pathsOf(choice);
  return paths.length === 1 && paths[0] === path;
}

export class ToyBox {
  #choice: DeviceChoice;
  /** The number that the trace begins with. */
  #since = 0;
  readonly #at: () => number;

  /** With no lines, the box that is chosen is not there. `at`: now, in ms since the gateway started. */
  constructor(lines: number, at: () => number) {
    this.#at = at;
    this.#choice = lines === 0 ? GONE : { kind: "virtual", ports: lines };
  }

  get simulated(): boolean {
    return this.#choice.kind === "virtual";
  }

  choose(choice: DeviceChoice): void {
    this.#choice = choice;
    this.#since = nextLine(this.#at());
  }

  identity(): Identity | null {
    const chosen = this.#choice;
    if (chosen.kind === "virtual") return { model: "Virtual", serial: "", firmware: "1.0", ports: chosen.ports };
    if (chosen.kind === "modems") {
      const there = PLUGS.find(({ path, identity }) => identity && chosen.paths.includes(path))?.identity;
      return there ? { ...there, ports: chosen.paths.length } : null;
    }
    if (chosen.kind !== "serial_with_card" || !CARDS.some(({ id }) => id.capture === chosen.card.capture)) return null;
    return PLUGS.find(({ path }) => path === chosen.path)?.identity ?? null;
  }

  status(): DeviceStatus {
    const wires = this.#wires();
    return { choice: this.#choice, state: this.#state(), counters: wires.find(({ counters }) => counters !== COUNTERS)?.counters ?? COUNTERS, wires };
  }

  #wires(): WireStatus[] {
    const chosen = this.#choice;
    if (chosen.kind === "none") return [];
    if (chosen.kind !== "modems") {
      const worn = chosen.kind !== "virtual" && this.identity() !== null;
      return [this.#wire(pathsOf(chosen)[0] ?? "", 0, this.#state(), worn)];
    }
    return chosen.paths.map((path, port) => {
      const plug = PLUGS.find((known) => known.path === path);
      const { identity, fault = "not_found" } = plug ?? {};
      return this.#wire(path, port, identity ? { state: "up", identity } : { state: "lost", fault, retry_ms: RETRY_MS }, identity !== undefined);
    });
  }

  #wire(path: string, first_port: number, state: DeviceState, worn: boolean): WireStatus {
    const last_disconnect = worn ? { fault: "unplugged" as const, at_ms: this.#at() - VANISHED_MS } : null;
    return { path, first_port, state, counters: worn ? WORN : COUNTERS, disconnects: worn ? 7 : 0, last_disconnect };
  }

  hints(): DeviceHint[] {
    const found = this.#wires().flatMap(({ path, state }): DeviceHint[] => {
      const [vendor, product] = PLUGS.find((plug) => plug.path === path)?.usb.split(":") ?? [];
      if (state.state !== "lost" || vendor === undefined) return [];
      const rule = `SUBSYSTEM=="tty", ATTRS{idVendor}=="${vendor}", ATTRS{idProduct}=="${product}", ENV{ID_MM_DEVICE_IGNORE}="1", TAG+="uaccess"`;
      if (state.fault === "busy") return [{ path, remedy: { kind: "modem_manager_rule", file: FILE, rule } }];
      if (state.fault !== "denied") return [];
      return [
        { path, remedy: { kind: "access_rule", file: FILE, rule } },
        { path, remedy: { kind: "group", group: "dialout", command: 'sudo usermod -aG dialout "$USER"' } },
      ];
    });
    // A remedy is told once, as the program tells it.
    const same = (one: DeviceHint, other: DeviceHint): boolean => JSON.stringify(one.remedy) === JSON.stringify(other.remedy);
    return found.filter((hint, at) => found.findIndex((other) => same(hint, other)) === at);
  }

  trace(query: TraceQuery): DeviceTrace {
    return toyTrace(this.#at(), this.#choice.kind === "modems", this.#since, query);
  }

  cards(): CardEntry[] {
    return [...CARDS];
  }

  menu(): DeviceEntry[] {
    const chosen = this.#choice;
    const plugs = PLUGS.map(({ path, name, usb, serial, known, modem }) => ({
      choice: isOnly(chosen, path) ? chosen : choiceOf(path, modem),
      name,
      usb,
      serial,
      known,
      takes_card: !modem,
      chosen: isOnly(chosen, path),
    }));
    const together = chosen.kind === "modems" && chosen.paths.length > 1;
    const gone = pathsOf(chosen).length > 0 && !together && !plugs.some((plug) => plug.chosen);
    return [
      { choice: MODEMS, name: "", usb: "", serial: "", known: true, takes_card: false, chosen: together },
      ...(gone ? [{ choice: chosen, name: pathsOf(chosen).join(), usb: "", serial: "", known: false, takes_card: true, chosen: true }] : []),
      ...plugs,
      {
        choice: { kind: "virtual", ports: chosen.kind === "virtual" ? chosen.ports : 2 },
        name: "",
        usb: "",
        serial: "",
        known: true,
        takes_card: false,
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
