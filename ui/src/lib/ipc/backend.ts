/**
 * What the window asks of the program, whoever answers: the real program behind Tauri, or the toy world of the browser.
 */
import type { History } from "./history";
import type { LineTests } from "./line_tests";
import type { SipMessages } from "./sip_trace";
import type { Sounds } from "./sounds";
import type {
  Applied,
  ApplyError,
  ApplyProgress,
  Boot,
  CardEntry,
  Change,
  Command,
  Desk,
  DeviceChoice,
  DeviceEntry,
  DeviceHint,
  DeviceStatus,
  DeviceTrace,
  Dialling,
  ExchangeLine,
  Language,
  LineAct,
  LineAnalysis,
  Mark,
  Notice,
  PortId,
  Preferences,
  Review,
  RevisionEntry,
  RevisionId,
  RevisionKind,
  Settings,
  SettingsTable,
  Snapshot,
  ExposureReport,
  GuardView,
  StorageView,
  TraceExportError,
  TraceQuery,
} from "./types";
import type { ProfileTests } from "./profile_tests";
import type { Profiles } from "./profiles";

/** What the program tells by itself. */
export interface Listener {
  /** A new picture, with the lines of the virtual exchange (`null` when another box is in use) and how the box is doing. */
  picture(snapshot: Snapshot, exchange: ExchangeLine[] | null, device: DeviceStatus): void;
  notice(notice: Notice): void;
  /** Something about Apply was settled, or is still to be. */
  progress(progress: ApplyProgress): void;
  /** What was seen on the lines, oldest first. */
  marks(marks: Mark[]): void;
  /** What is heard on the lines that somebody looks at: for three seconds after each order to. */
  analyses(analyses: LineAnalysis[]): void;
}

export type Outcome<Done, Refusal> = { ok: true; value: Done } | { ok: false; refusal: Refusal };

export interface Backend {
  /** Calls that are over. */
  readonly history: History;
  /** Line tests that are over. */
  readonly lineTests: LineTests;
  /** Line profiles of countries, tried. */
  readonly profileTests: ProfileTests;
  /** SIP messages that came and went lately. */
  readonly sipTrace: SipMessages;
  /** The sound that is kept with calls. */
  readonly sounds: Sounds;
  /** Everything the window needs to paint its first picture. */
  boot(): Promise<Boot>;
  /** Every setting with its range, default and names, and the countries. It never changes while the program runs. */
  table(): Promise<SettingsTable>;
  /** After `boot`, tells the listener what has happened since. The returned function ends it. */
  listen(listener: Listener): () => void;
  /** Problems of a draft, what it would change, and the exact URI that each port would call. */
  review(draft: Settings): Promise<Review>;
  /** What would become of a number that a SIP caller asks for, by the dialling rules of a draft. Nothing is dialled. */
  dialTest(draft: Settings, number: string): Promise<Dialling>;
  /** How SIP would be told the number of a caller on the line, by a draft. */
  callerNumberTest(draft: Settings, number: string): Promise<string>;
  /** Makes a draft hold. `confirmed`: a person has confirmed the problems of severity `confirm`; `kind`: where the draft came from. */
  apply(draft: Settings, confirmed: boolean, kind: RevisionKind): Promise<Outcome<Applied, ApplyError>>;
  /** Makes a draft hold as soon as every port that it touches is idle. */
  applyWhenIdle(draft: Settings, confirmed: boolean, kind: RevisionKind): Promise<Outcome<ApplyProgress, ApplyError>>;
  /** Takes back a draft that waits for idle ports. */
  takeBack(): Promise<ApplyProgress>;
  /** The settings in force, and what is still to be settled about them. */
  inForce(): Promise<[Settings, ApplyProgress]>;
  /** The revisions that are kept, newest first. */
  revisions(): Promise<RevisionEntry[]>;
  /** What changed from one revision to another, or to the draft where there is none. */
  compareRevisions(before: RevisionId, after: RevisionId | null, draft: Settings): Promise<Change[]>;
  /** The settings of one revision. */
  revisionSettings(revision: RevisionId): Promise<Settings>;
  /** An order of the operator. */
  command(command: Command): Promise<void>;
  /** Every box that could be chosen now. */
  devices(): Promise<DeviceEntry[]>;
  /** Every sound card that could carry the voice of a box now. */
  cards(): Promise<CardEntry[]>;
  /** What a person can change in the system so that the box in use can be opened. */
  deviceHints(): Promise<DeviceHint[]>;
  /** What went over the wires of the box in use lately. It may hold numbers of callers. */
  deviceTrace(query: TraceQuery): Promise<DeviceTrace>;
  /** Asks a person where a trace shall be saved; `null` when they think better of it. */
  placeTrace(name: string): Promise<string | null>;
  /** Writes what is kept of the trace to a file that begins with `remark`, and answers how many lines. */
  exportTrace(path: string, remark: string, sound: boolean): Promise<Outcome<number, TraceExportError>>;
  /** How the database is doing. */
  storage(): Promise<StorageView>;
  /** Who is banned or slowed, and whose messages were dropped unread. */
  guard(): Promise<GuardView>;
  /** Attacks the gateway's own doors as strangers would, and says how they held. It takes some seconds. */
  testExposure(): Promise<ExposureReport>;
  /** Uses another box from now on. */
  chooseDevice(choice: DeviceChoice): Promise<void>;
  /** Something the virtual exchange does on a line. */
  exchange(port: PortId, act: LineAct): Promise<void>;
  /** What the window knows of the desktop around it. */
  desk(): Promise<Desk>;
  /** Keeps what a person wants of this window; it holds at once. */
  keepPreferences(preferences: Preferences): Promise<void>;
  /** Shows the data folder in the file browser; answers whether one could be opened. */
  openDataFolder(): Promise<boolean>;
  /** The language of the tray and the notifications. */
  speak(language: Language): Promise<void>;
  /** Releases every line and ends the program. */
  quit(): Promise<void>;
  /** Profiles: files, comparison and advice. */
  readonly profiles: Profiles;
  /** What was seen on a line before the window looked, oldest first. */
  recentMarks(port: PortId): Promise<Mark[]>;
}

/** The program answered, and refused. */
export class Refused extends Error {
  constructor(readonly refusal: unknown) {
    super("refused");
  }
}
