/**
 * What the window asks of the program, whoever answers: the real program behind Tauri, or the toy world of the browser.
 */
import type {
  Applied,
  ApplyError,
  Boot,
  Command,
  DeviceChoice,
  ExchangeLine,
  LineAct,
  Mark,
  Notice,
  PortId,
  Review,
  Settings,
  Snapshot,
} from "./types";

/** What the program tells by itself. */
export interface Listener {
  /** A new picture, with the lines of the virtual exchange; `null` when another box is in use. */
  picture(snapshot: Snapshot, exchange: ExchangeLine[] | null): void;
  notice(notice: Notice): void;
  /** What was seen on the lines, oldest first. */
  marks(marks: Mark[]): void;
}

export type Outcome<Done, Refusal> = { ok: true; value: Done } | { ok: false; refusal: Refusal };

export interface Backend {
  /** Everything the window needs to paint its first picture. */
  boot(): Promise<Boot>;
  /** From now on, tells the listener what happens. The returned function ends it. */
  listen(listener: Listener): Promise<() => void>;
  /** Problems of a draft, what it would change, and the exact URI that each port would call. */
  review(draft: Settings): Promise<Review>;
  /** Makes a draft hold. `confirmed`: a person has confirmed the problems of severity `confirm`. */
  apply(draft: Settings, confirmed: boolean): Promise<Outcome<Applied, ApplyError>>;
  /** An order of the operator. */
  command(command: Command): Promise<void>;
  /** Uses another box from now on. */
  chooseDevice(choice: DeviceChoice): Promise<void>;
  /** Something the virtual exchange does on a line. */
  exchange(port: PortId, act: LineAct): Promise<void>;
  /** What was seen on a line before the window looked, oldest first. */
  recentMarks(port: PortId): Promise<Mark[]>;
}

/** The program answered, and refused. */
export class Refused extends Error {
  constructor(readonly refusal: unknown) {
    super("refused");
  }
}
