/**
 * What the window asks of the program, whoever answers: the real program behind Tauri, or the toy world of the browser.
 */
import type { History } from "./history";
import type {
  Applied,
  ApplyError,
  Boot,
  Command,
  Desk,
  DeviceChoice,
  DeviceEntry,
  DeviceStatus,
  ExchangeLine,
  Language,
  LineAct,
  Notice,
  PortId,
  Preferences,
  Review,
  Settings,
  SettingsTable,
  Snapshot,
  StorageView,
} from "./types";

/** What the program tells by itself. */
export interface Listener {
  /** A new picture, with the lines of the virtual exchange (`null` when another box is in use) and how the box is doing. */
  picture(snapshot: Snapshot, exchange: ExchangeLine[] | null, device: DeviceStatus): void;
  notice(notice: Notice): void;
}

export type Outcome<Done, Refusal> = { ok: true; value: Done } | { ok: false; refusal: Refusal };

export interface Backend {
  /** Calls that are over. */
  readonly history: History;
  /** Everything the window needs to paint its first picture. */
  boot(): Promise<Boot>;
  /** Every setting with its range, default and names, and the countries. It never changes while the program runs. */
  table(): Promise<SettingsTable>;
  /** From now on, tells the listener what happens. The returned function ends it. */
  listen(listener: Listener): Promise<() => void>;
  /** Problems of a draft, what it would change, and the exact URI that each port would call. */
  review(draft: Settings): Promise<Review>;
  /** Makes a draft hold. `confirmed`: a person has confirmed the problems of severity `confirm`. */
  apply(draft: Settings, confirmed: boolean): Promise<Outcome<Applied, ApplyError>>;
  /** An order of the operator. */
  command(command: Command): Promise<void>;
  /** Every box that could be chosen now. */
  devices(): Promise<DeviceEntry[]>;
  /** How the database is doing. */
  storage(): Promise<StorageView>;
  /** Uses another box from now on. */
  chooseDevice(choice: DeviceChoice): Promise<void>;
  /** Something the virtual exchange does on a line. */
  exchange(port: PortId, act: LineAct): Promise<void>;
  /** What the window knows of the desktop around it. */
  desk(): Promise<Desk>;
  /** Keeps what a person wants of this window; it holds at once. */
  keepPreferences(preferences: Preferences): Promise<void>;
  /** The boxes that can be chosen. */
  boxes(): Promise<DeviceEntry[]>;
  /** Shows the data folder in the file browser; answers whether one could be opened. */
  openDataFolder(): Promise<boolean>;
  /** The language of the tray and the notifications. */
  speak(language: Language): Promise<void>;
  /** Releases every line and ends the program. */
  quit(): Promise<void>;
}

/** The program answered, and refused. */
export class Refused extends Error {
  constructor(readonly refusal: unknown) {
    super("refused");
  }
}
