/** The real program, behind Tauri's commands. */
import { Refused, type Backend, type Listener, type Outcome } from "./backend";
import { commands } from "./bindings";
import { TauriHistory } from "./tauri/history";
import { TauriLineTests } from "./tauri/line_tests";
import { TauriNews } from "./tauri/news";
import { TauriProfileTests } from "./tauri/profile_tests";
import { TauriProfiles } from "./tauri/profiles";
import { TauriSipMessages } from "./tauri/sip_trace";
import { TauriSounds } from "./tauri/sounds";
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
  DeviceTrace,
  Dialling,
  Language,
  LineAct,
  Mark,
  PortId,
  Preferences,
  Review,
  RevisionEntry,
  RevisionId,
  RevisionKind,
  Settings,
  SettingsTable,
  ExposureReport,
  GuardView,
  StorageView,
  TraceExportError,
  TraceQuery,
} from "./types";

type Answer<Done, Refusal> = { status: "ok"; data: Done } | { status: "error"; error: Refusal };

async function done<Done>(answer: Promise<Answer<Done, unknown>>): Promise<Done> {
  const settled = await answer;
  if (settled.status === "error") throw new Refused(settled.error);
  return settled.data;
}

function outcome<Done, Refusal>(answer: Answer<Done, Refusal>): Outcome<Done, Refusal> {
  return answer.status === "ok" ? { ok: true, value: answer.data } : { ok: false, refusal: answer.error };
}

export class TauriBackend implements Backend {
  readonly #news = new TauriNews();
  readonly history = new TauriHistory(this.#news);
  readonly lineTests = new TauriLineTests();
  readonly profileTests = new TauriProfileTests();
  readonly profiles = new TauriProfiles();
  readonly sipTrace = new TauriSipMessages();
  readonly sounds = new TauriSounds();

  async boot(): Promise<Boot> {
    return (await done(commands.boot())) as Boot;
  }

  table(): Promise<SettingsTable> {
    return commands.settingsTable();
  }

  devices(): Promise<DeviceEntry[]> {
    return done(commands.devices());
  }

  cards(): Promise<CardEntry[]> {
    return done(commands.cards());
  }

  deviceHints(): Promise<DeviceHint[]> {
    return done(commands.deviceHints());
  }

  deviceTrace(query: TraceQuery): Promise<DeviceTrace> {
    return done(commands.deviceTrace(query));
  }

  placeTrace(name: string): Promise<string | null> {
    return commands.placeTrace(name);
  }

  async exportTrace(path: string, remark: string, sound: boolean): Promise<Outcome<number, TraceExportError>> {
    return outcome(await commands.exportTrace(path, remark, sound));
  }

  testExposure(): Promise<ExposureReport> {
    return done(commands.testExposure());
  }

  guard(): Promise<GuardView> {
    return done(commands.guard());
  }

  storage(): Promise<StorageView> {
    return done(commands.storage());
  }

  listen(listener: Listener): () => void {
    return this.#news.listen(listener);
  }

  review(draft: Settings): Promise<Review> {
    return done(commands.review(draft));
  }

  dialTest(draft: Settings, number: string): Promise<Dialling> {
    return commands.dialTest(draft, number);
  }

  callerNumberTest(draft: Settings, number: string): Promise<string> {
    return commands.callerNumberTest(draft, number);
  }

  async apply(draft: Settings, confirmed: boolean, kind: RevisionKind): Promise<Outcome<Applied, ApplyError>> {
    return outcome(await commands.apply(draft, confirmed, kind));
  }

  async applyWhenIdle(draft: Settings, confirmed: boolean, kind: RevisionKind): Promise<Outcome<ApplyProgress, ApplyError>> {
    return outcome(await commands.applyWhenIdle(draft, confirmed, kind));
  }

  takeBack(): Promise<ApplyProgress> {
    return done(commands.takeBack());
  }

  async inForce(): Promise<[Settings, ApplyProgress]> {
    return (await done(commands.inForce())) as [Settings, ApplyProgress];
  }

  revisions(): Promise<RevisionEntry[]> {
    return done(commands.revisions());
  }

  compareRevisions(before: RevisionId, after: RevisionId | null, draft: Settings): Promise<Change[]> {
    return done(commands.compareRevisions(before, after, draft));
  }

  async revisionSettings(revision: RevisionId): Promise<Settings> {
    return (await done(commands.revisionSettings(revision))) as Settings;
  }

  async command(command: Command): Promise<void> {
    await done(commands.order(command));
  }

  async chooseDevice(choice: DeviceChoice): Promise<void> {
    await done(commands.chooseDevice(choice));
  }

  async exchange(port: PortId, act: LineAct): Promise<void> {
    await done(commands.actOnLine(port, act));
  }

  async desk(): Promise<Desk> {
    return (await done(commands.desk())) as Desk;
  }

  async keepPreferences(preferences: Preferences): Promise<void> {
    await done(commands.keepPreferences(preferences));
  }

  openDataFolder(): Promise<boolean> {
    return commands.openDataFolder();
  }

  async speak(language: Language): Promise<void> {
    await commands.speak(language);
  }

  async quit(): Promise<void> {
    await commands.quit();
  }

  recentMarks(port: PortId): Promise<Mark[]> {
    return done(commands.recentMarks(port));
  }
}
