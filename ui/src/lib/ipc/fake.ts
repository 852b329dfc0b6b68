/**
 * A toy world for the browser: two lines, a registrar that always agrees, and an exchange that a person drives. It lets the window be built,
 * photographed and tested without the program. It is never part of the program: see `start.ts`.
 */
import type { Backend, Listener, Outcome } from "./backend";
import { FakeApply } from "./fake/apply";
import { ToyDesk, untouchedSettings } from "./fake/desk";
import { ToyBox } from "./fake/devices";
import { callerNumber } from "./fake/caller_number";
import { dialling } from "./fake/dialling";
import { FakeHistory, sentBytes } from "./fake/history";
import { FakeLineTests, FIRST_CHECK, lineTestSteps, type LineTestStep } from "./fake/line_tests";
import { FakeProfileTests } from "./fake/profile_tests";
import { FakeProfiles } from "./fake/profiles";
import { pastOf } from "./fake/revisions";
import { check, differences, preview, targetUri } from "./fake/review";
import { CALLS, PORTS, RECORDED, type Scene } from "./fake/scenes";
import { busyFor, recordedMarks, recordedView, ROUND_MS, testSteps, type TestStep } from "./fake/scope";
import { firstSettings } from "./fake/settings";
import { toyExposure } from "./fake/exposure";
import { ToyGuard } from "./fake/guard";
import { ToySipMessages } from "./fake/sip_trace";
import { FakeSounds } from "./fake/sounds";
import { toyTable } from "./fake/table";
import { ToyAnalyser } from "./fake/tones";
import type {
  Applied,
  ApplyError,
  ApplyProgress,
  Boot,
  CallRecord,
  CallView,
  CardEntry,
  Change,
  Command,
  Desk,
  DeviceChoice,
  DeviceEntry,
  DeviceHint,
  DeviceTrace,
  Dialling,
  ExchangeLine,
  LineAct,
  Mark,
  MarkKind,
  Notice,
  NoticeCode,
  PortId,
  PortSettings,
  PortState,
  PortView,
  Preferences,
  RegistrationView,
  Review,
  RevisionEntry,
  RevisionId,
  RevisionKind,
  Settings,
  SettingsTable,
  Severity,
  Snapshot,
  ExposureReport,
  GuardView,
  StorageView,
  TraceExportError,
  TraceQuery,
} from "./types";

export type { Scene };

/** Pictures of the recording come this often. */
const RECORDED_PACE_MS = 100;
/** Marks that are remembered. */
const MOST_MARKS = 512;

/** The last calls have their SIP messages still. */
const CALLS_WITH_MESSAGES = 6;

interface ToyPort {
  view: PortView;
  exchange: ExchangeLine;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class FakeBackend implements Backend {
  readonly history: FakeHistory;
  readonly lineTests = new FakeLineTests();
  readonly profileTests: FakeProfileTests;
  readonly profiles: FakeProfiles;
  readonly sipTrace: ToySipMessages;
  readonly sounds: FakeSounds;
  readonly #startedAt: number;
  readonly #now: () => number;
  #settings: Settings;
  #ports: ToyPort[];
  #box: ToyBox;
  #notices: Notice[] = [];
  #listeners = new Set<Listener>();
  #apply: FakeApply;
  #calls = 0;
  #meters: ReturnType<typeof setInterval> | undefined;
  readonly #desk: ToyDesk;
  readonly #guard: ToyGuard;
  readonly #analyser = new ToyAnalyser({
    now: () => this.#at(),
    view: (port) => this.#ports[port]?.view,
    busyFor: (port, at_ms) => (RECORDED.includes(this.scene) ? busyFor(port, at_ms) : null),
    tell: (told) => this.#listeners.forEach((listener) => listener.analyses(told)),
  });
  #marks: Mark[] = [];
  /** Up to when the recording was told. */
  #told = 0;

  constructor(
    readonly scene: Scene = "quiet",
    now: () => number = Date.now,
  ) {
    this.#now = now;
    this.#startedAt = now() - 51 * 60_000;
    this.#settings = scene === "first" ? untouchedSettings(PORTS.first) : firstSettings(PORTS[scene]);
    this.#desk = new ToyDesk(scene);
    this.#guard = new ToyGuard(scene === "lively" || scene === "trouble", this.#at());
    this.history = new FakeHistory(CALLS[scene], PORTS[scene], now());
    const users = this.#settings.ports.map(({ user }) => user);
    this.sipTrace = new ToySipMessages(this.history.newest(CALLS_WITH_MESSAGES), users, this.#startedAt, () => this.#at());
    this.profileTests = new FakeProfileTests(scene === "trouble");
    this.sounds = new FakeSounds(this.history, () => this.#settings, scene === "trouble");
    this.profiles = new FakeProfiles(() => this.#settings, (draft) => this.review(draft));
    this.#ports = this.#settings.ports.map((settings, index) => this.#firstPort(index, settings));
    this.#box = new ToyBox(PORTS[scene], () => this.#at());
    this.#apply = this.#newApply();
    if (scene !== "quiet" && scene !== "empty" && scene !== "first") this.#apply.remember(pastOf(this.#settings));
    if (this.#ports.length > 0) this.#notices.push(this.#note("device_up", null, "info", { model: "Virtual", ports: String(this.#ports.length) }, -51 * 60_000));
    for (const { view } of this.#ports.slice(0, 4)) {
      this.#notices.push(this.#note("registered", view.port, "info", { server: "pbx.example", seconds: "300" }, -50 * 60_000));
    }
    if (RECORDED.includes(scene)) this.#told = this.#at() - ROUND_MS;
    else if (scene !== "quiet" && scene !== "empty" && scene !== "first") this.#tellStory();
  }

  #newApply(): FakeApply {
    const world = {
      now: () => this.#now(),
      sinceStart: (epoch_ms: number) => epoch_ms - this.#startedAt,
      isBusy: (port: PortId) => this.#ports[port]?.view.call !== null || this.#ports[port]?.view.state === "guard",
      follow: (settings: Settings) => this.#follow(settings),
      rolledBack: (setting: string, revision: number) =>
        this.#notice("rolled_back", null, "alarm", { why: "secret_refused", status: "403", reason: "Forbidden", revision: String(revision) }, setting),
      tell: (progress: ApplyProgress) => this.#listeners.forEach((listener) => listener.progress(progress)),
    };
    return new FakeApply(world, this.#settings);
  }

  #follow(settings: Settings): void {
    this.#settings = settings;
    for (const toy of this.#ports) {
      toy.view = { ...toy.view, name: settings.ports[toy.view.port]?.name ?? "", registration: this.#registration(toy.view.port) };
    }
    this.#notice("settings_applied", null, "info");
    this.#tell();
  }

  #at(): number {
    return this.#now() - this.#startedAt;
  }

  #firstPort(port: PortId, settings: PortSettings): ToyPort {
    const view: PortView = {
      port,
      name: settings.name,
      state: "idle",
      since_ms: 60_000,
      line: "idle",
      call: null,
      registration: this.#registration(port),
      last: null,
      meter: null,
      millivolts: 48_200 - port * 130,
      microamps: 0,
    };
    return { view, exchange: { port, connected: true, ringing: false, off_hook: false, lets_wait: false, dialed: "" }, timer: undefined };
  }

  #registration(port: PortId): RegistrationView {
    const { mode } = this.#settings.gateway;
    if (mode === "sip_trunk") return { kind: "none" };
    if (mode === "sip_server") {
      const { gateway, ports } = this.#settings;
      const user = (gateway.single_user ? gateway.user : ports[port]?.user) || "201";
      return { kind: "server", contacts: port === 0 ? [{ uri: `sip:${user}@192.0.2.31:5062`, expires_ms: this.#at() + 1_740_000 }] : [] };
    }
    return { kind: "registered", expires_ms: this.#at() + 250_000 - port * 47_000, rtt_ms: 12 - (port % 3) };
  }

  /** A world in the middle of its day. */
  #tellStory(): void {
    const [first, second, third, fourth] = this.#ports;
    if (first) this.#talkingFor(first, "1133334444", "sip:200@pbx.example", 192_000);
    if (second) second.view.last = this.#record(second.view.port, "sip_to_fxo", "sip:101@pbx.example", "1130501234", 41_000, 180_000);
    if (second) {
      const args = { from: "sip:101@pbx.example", to: "1130501234", cause: "line_hung_up", seconds: "41" };
      this.#notices.push(this.#note("call_ended", 1, "info", args, -180_000));
    }
    if (first) this.#notices.push(this.#note("ringing", 0, "info", { caller: "1133334444" }, -197_000));
    if (first) this.#notices.push(this.#note("call_answered", 0, "info", { from: "1133334444", to: "sip:200@pbx.example" }, -192_000));
    this.#notices.push(this.#note("host_not_admitted", 0, "warning", { source: "198.51.100.77" }, -95_000, "ports[0].only_from_host"));
    this.#notices.sort((a, b) => a.at_ms - b.at_ms);
    if (this.scene === "trouble") {
      if (second) this.#put(second, "fault", "fault");
      if (third) {
        this.#put(third, "no_battery", "no_battery");
        third.view.millivolts = 0;
        third.exchange.connected = false;
        third.view.registration = { kind: "failed", status: 403, reason: "Forbidden", retry_ms: this.#at() + 42_000 };
      }
      if (fourth) this.#put(fourth, "out_of_service", "out_of_service");
      this.#notices.push(this.#note("stuck_off_hook", 1, "alarm", {}, -8_000));
    }
    if (this.scene === "many" || this.scene === "full") {
      const states: PortState[] = ["idle", "ringing", "talking", "dialing", "idle", "waiting", "guard", "in_use", "calling", "idle"];
      for (const toy of this.#ports.slice(4)) {
        const state = states[toy.view.port % states.length] ?? "idle";
        if (state === "talking") this.#talkingFor(toy, "11987654321", "sip:240@pbx.example", 20_000 + toy.view.port * 31_000);
        else this.#put(toy, state, state === "ringing" || state === "calling" ? "ringing" : "idle");
        if (state === "calling") toy.view.call = this.#call("fxo_to_sip", "2125559876", "sip:231@pbx.example");
        if (state === "dialing" || state === "waiting") toy.view.call = this.#call("sip_to_fxo", "sip:118@pbx.example", "08007701234");
      }
    }
  }

  #talkingFor(toy: ToyPort, from: string, to: string, ms: number): void {
    this.#put(toy, "talking", "off_hook");
    const at = this.#at() - ms;
    toy.view.since_ms = at;
    toy.view.call = { ...this.#call("fxo_to_sip", from, to), started_ms: at - 4_000, answered_ms: at };
    toy.view.microamps = 24_600;
    toy.view.millivolts = 7_900;
    toy.exchange = { ...toy.exchange, off_hook: true, lets_wait: true };
    this.#hear(toy);
  }

  #call(direction: CallView["direction"], from: string, to: string): CallView {
    this.#calls += 1;
    return { id: String(this.#calls).padStart(32, "0"), direction, from, to, started_ms: this.#at(), answered_ms: null, waiting: null, line_test: null };
  }

  #record(port: PortId, direction: CallRecord["direction"], from: string, to: string, talk: number, ago: number): CallRecord {
    const ended = this.#at() - ago;
    this.#calls += 1;
    return {
      id: String(this.#calls).padStart(32, "0"),
      port,
      direction,
      from,
      to,
      started_ms: ended - talk - 9_000,
      answered_ms: ended - talk,
      ended_ms: ended,
      cause: "line_hung_up",
      evidence: { kind: "disconnect_tone", tone: "busy", frequency_hz: 425.3, level_dbm0: -18, cycles: 3 },
      sip_status: 200,
      timeline: [],
    };
  }

  #note(code: NoticeCode, port: PortId | null, severity: Severity, args: Record<string, string>, ago = 0, setting: string | null = null): Notice {
    return { at_ms: Math.max(0, this.#at() + ago), severity, code, port, args, setting };
  }

  #put(toy: ToyPort, state: PortState, line: PortView["line"]): void {
    toy.view = { ...toy.view, state, line, since_ms: this.#at() };
  }

  #hear(toy: ToyPort): void {
    const t = this.#at() / 1000 + toy.view.port;
    const voice = (phase: number): number => {
      const speaks = Math.sin(t / 2.3 + phase) > -0.1;
      return speaks ? -17 + 6 * Math.sin(t * 5.1 + phase) + 3 * Math.sin(t * 11.7) : -52 + 3 * Math.sin(t * 7);
    };
    const known = toy.view.meter;
    toy.view = {
      ...toy.view,
      meter: {
        rx_dbm0: voice(0),
        tx_dbm0: voice(Math.PI),
        sent: (known?.sent ?? 9600) + 10,
        received: (known?.received ?? 9580) + 10,
        lost: known?.lost ?? 11,
        jitter_ms: 2.1 + Math.sin(t) * 0.4,
        buffer_ms: 40,
        peer_lost: 0,
        round_trip_ms: 23,
      },
    };
  }

  #snapshot(): Snapshot {
    const { gateway } = this.#settings;
    return {
      now_ms: this.#at(),
      mode: gateway.mode,
      sip_address: `${gateway.bind_address}:${gateway.sip_port}`,
      public_address: null,
      remote_server: gateway.mode === "sip_server" ? "" : gateway.remote_server,
      device: this.#box.identity(),
      ports: this.#ports.map(({ view }) => view),
    };
  }

  #tell(at_ms = this.#at()): void {
    const snapshot = { ...this.#snapshot(), now_ms: at_ms };
    for (const listener of this.#listeners) {
      listener.picture(snapshot, this.#lines(), this.#box.status());
    }
    this.#apply.look();
  }

  #notice(code: NoticeCode, port: PortId | null, severity: Severity, args: Record<string, string> = {}, setting: string | null = null): void {
    const notice = this.#note(code, port, severity, args, 0, setting);
    this.#notices.push(notice);
    for (const listener of this.#listeners) listener.notice(notice);
  }

  #mark(port: PortId, ...told: MarkKind[]): void {
    this.#tellMarks(told.map((what) => ({ at_ms: this.#at(), port, what })));
  }

  #tellMarks(marks: Mark[]): void {
    if (marks.length === 0) return;
    this.#marks = [...this.#marks, ...marks].slice(-MOST_MARKS);
    for (const listener of this.#listeners) listener.marks(marks);
  }

  /** Tells the recording up to now, picture by picture: at first the minute that is past. */
  #play(): void {
    const now = this.#at();
    while (this.#told + RECORDED_PACE_MS <= now) {
      const from = this.#told;
      this.#told += RECORDED_PACE_MS;
      const at = this.#told;
      this.#tellMarks(this.#ports.flatMap(({ view }) => recordedMarks(view.port, from, at)).sort((a, b) => a.at_ms - b.at_ms));
      for (const toy of this.#ports) {
        toy.view = recordedView(toy.view, at);
        toy.exchange = { ...toy.exchange, off_hook: toy.view.line === "off_hook", ringing: toy.view.line === "ringing" };
      }
      this.#tell(at);
    }
  }

  recentMarks(port: PortId): Promise<Mark[]> {
    return Promise.resolve(this.#marks.filter((mark) => mark.port === port));
  }

  #test(toy: ToyPort, number: string | null): void {
    if (toy.view.state !== "idle") {
      this.#notice("test_refused", toy.view.port, "warning");
      return;
    }
    toy.view.call = this.#call("test", "", number ?? "");
    this.#testOn(toy, testSteps(number));
  }

  #testOn(toy: ToyPort, [step, ...rest]: TestStep[]): void {
    if (!step) return;
    this.#later(toy, step.after_ms, () => {
      this.#mark(toy.view.port, ...step.marks);
      if (step.state) this.#put(toy, step.state, "off_hook");
      if (step.state === "talking" && toy.view.call) toy.view.call = { ...toy.view.call, answered_ms: this.#at() };
      if (step.end) this.#end(toy, step.end);
      else this.#testOn(toy, rest);
    });
  }

  #testLine(toy: ToyPort): void {
    const { port, state, name } = toy.view;
    if (toy.view.call !== null || !["idle", "no_battery", "in_use"].includes(state)) {
      this.#notice("test_refused", port, "warning");
      return;
    }
    const call = this.#call("test", "", "");
    const device = this.#box.identity()?.model ?? "";
    const report = { id: call.id, port, name, device, started_ms: call.started_ms, ended_ms: null, underway: FIRST_CHECK, results: [], verdict: null, end: null };
    toy.view.call = { ...call, line_test: report };
    this.#put(toy, "dialing", toy.view.line);
    this.#measureOn(toy, lineTestSteps(toy.exchange.connected));
  }

  #measureOn(toy: ToyPort, [step, ...rest]: LineTestStep[]): void {
    const report = toy.view.call?.line_test;
    if (!step || !report) {
      this.#end(toy, toy.exchange.connected ? "test_over" : "seize_failed");
      return;
    }
    this.#later(toy, step.after_ms, () => {
      const { call } = toy.view;
      if (call) toy.view = { ...toy.view, call: { ...call, line_test: { ...report, results: step.results, underway: step.underway } } };
      this.#measureOn(toy, rest);
    });
  }

  boot(): Promise<Boot> {
    return Promise.resolve({
      version: "0.1.0",
      started_epoch_ms: this.#startedAt,
      settings: structuredClone(this.#settings),
      apply: this.#apply.progress(),
      notices: [...this.#notices],
      picture: { snapshot: this.#snapshot(), exchange: this.#lines(), device: this.#box.status() },
    });
  }

  #lines(): ExchangeLine[] | null {
    return this.#box.simulated ? this.#ports.map(({ exchange }) => ({ ...exchange })) : null;
  }

  table(): Promise<SettingsTable> {
    return Promise.resolve(toyTable());
  }

  devices(): Promise<DeviceEntry[]> {
    return Promise.resolve(this.#box.menu());
  }

  cards(): Promise<CardEntry[]> {
    return Promise.resolve(this.#box.cards());
  }

  deviceHints(): Promise<DeviceHint[]> {
    return Promise.resolve(this.#box.hints());
  }

  deviceTrace(query: TraceQuery): Promise<DeviceTrace> {
    return Promise.resolve(this.#box.trace(query));
  }

  placeTrace(name: string): Promise<string | null> {
    return Promise.resolve(`/home/ana/${name}`);
  }

  exportTrace(_path: string, _remark: string, sound: boolean): Promise<Outcome<number, TraceExportError>> {
    return Promise.resolve({ ok: true, value: this.#box.trace({ after: null, sound }).lines.length });
  }

  testExposure(): Promise<ExposureReport> {
    return Promise.resolve(toyExposure(this.#settings));
  }

  guard(): Promise<GuardView> {
    return Promise.resolve(this.#guard.view(this.#at()));
  }

  storage(): Promise<StorageView> {
    return Promise.resolve({ file: "/home/ana/.local/share/loopstart/loopstart.sqlite3", bytes: 155_648, fault: null });
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (RECORDED.includes(this.scene)) {
      this.#play();
      this.#meters ??= setInterval(() => this.#play(), RECORDED_PACE_MS);
    }
    this.#meters ??= setInterval(() => this.#beat(), 200);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        clearInterval(this.#meters);
        this.#meters = undefined;
      }
    };
  }

  #beat(): void {
    let heard = false;
    for (const toy of this.#ports) {
      const { registration } = toy.view;
      if (registration.kind === "registered" && registration.expires_ms - this.#at() < 30_000) {
        toy.view = { ...toy.view, registration: { ...registration, expires_ms: this.#at() + 300_000 } };
        heard = true;
      }
      if (toy.view.state !== "talking") continue;
      this.#hear(toy);
      heard = true;
    }
    if (heard) this.#tell();
  }

  dialTest(settings: Settings, number: string): Promise<Dialling> {
    return Promise.resolve(dialling(settings, number));
  }

  callerNumberTest(settings: Settings, number: string): Promise<string> {
    return Promise.resolve(callerNumber(settings, number));
  }

  review(settings: Settings): Promise<Review> {
    const changes = differences(this.#settings, settings);
    return Promise.resolve({ problems: check(settings), changes, targets: settings.ports.map((port, index) => preview(settings, port, index)) });
  }

  apply(settings: Settings, confirmed: boolean, kind: RevisionKind): Promise<Outcome<Applied, ApplyError>> {
    const refusal = this.#refusal(settings, confirmed);
    return Promise.resolve(refusal ? { ok: false, refusal } : { ok: true, value: this.#apply.apply(settings, kind) });
  }

  applyWhenIdle(settings: Settings, confirmed: boolean, kind: RevisionKind): Promise<Outcome<ApplyProgress, ApplyError>> {
    const refusal = this.#refusal(settings, confirmed);
    return Promise.resolve(refusal ? { ok: false, refusal } : { ok: true, value: this.#apply.applyWhenIdle(settings, kind) });
  }

  #refusal(settings: Settings, confirmed: boolean): ApplyError | undefined {
    const problems = check(settings);
    if (problems.some((problem) => problem.severity === "error")) return { kind: "problems", problems };
    return problems.length > 0 && !confirmed ? { kind: "needs_confirmation", problems } : undefined;
  }

  takeBack(): Promise<ApplyProgress> {
    return Promise.resolve(this.#apply.takeBack());
  }

  inForce(): Promise<[Settings, ApplyProgress]> {
    return Promise.resolve([structuredClone(this.#settings), this.#apply.progress()]);
  }

  revisions(): Promise<RevisionEntry[]> {
    return Promise.resolve(this.#apply.revisions());
  }

  compareRevisions(before: RevisionId, after: RevisionId | null, draft: Settings): Promise<Change[]> {
    return Promise.resolve(this.#apply.compare(before, after, draft));
  }

  revisionSettings(revision: RevisionId): Promise<Settings> {
    return Promise.resolve(this.#apply.revision(revision));
  }

  command(command: Command): Promise<void> {
    if (command.do === "lift_ban") {
      this.#guard.lift(command.source);
      return Promise.resolve();
    }
    if (command.do === "analyse") {
      this.#analyser.watch(command.port);
      return Promise.resolve();
    }
    const toy = this.#ports[command.port];
    if (!toy) return Promise.resolve();
    if (command.do === "hang_up") this.#end(toy, "operator");
    if (command.do === "test_call") this.#test(toy, command.number);
    if (command.do === "line_test") this.#testLine(toy);
    if (command.do === "out_of_service") {
      const state = command.hold ? "out_of_service" : "idle";
      this.#put(toy, state, state);
    }
    this.#tell();
    return Promise.resolve();
  }

  chooseDevice(choice: DeviceChoice): Promise<void> {
    this.#box.choose(choice);
    const identity = this.#box.identity();
    if (identity) {
      if (this.#settings.ports.length === 0) this.#settings = firstSettings(identity.ports);
      this.#apply = this.#newApply();
      this.#ports = this.#settings.ports.map((settings, index) => this.#firstPort(index, settings));
      this.#notice("device_up", null, "info", { model: identity.model, ports: String(identity.ports) });
    } else {
      for (const toy of this.#ports) this.#put(toy, "absent", "absent");
      this.#notice("device_gone", null, "alarm");
    }
    this.#tell();
    return Promise.resolve();
  }

  desk(): Promise<Desk> {
    return Promise.resolve(this.#desk.view(this.#apply.revisions().length <= 1));
  }

  keepPreferences(preferences: Preferences): Promise<void> {
    return this.#desk.keep(preferences);
  }

  openDataFolder(): Promise<boolean> {
    return Promise.resolve(true);
  }

  speak(): Promise<void> {
    return Promise.resolve();
  }

  quit(): Promise<void> {
    return Promise.resolve();
  }

  exchange(port: PortId, act: LineAct): Promise<void> {
    const toy = this.#ports[port];
    if (!toy) return Promise.resolve();
    if (act.act === "ring") this.#ring(toy, act.from ?? "");
    if (act.act === "stop_ringing" && toy.exchange.ringing) this.#end(toy, "caller_gave_up");
    if (act.act === "hang_up" && toy.view.state === "talking") this.#end(toy, "line_hung_up");
    if (act.act === "cable_out" || act.act === "cable_in") {
      const connected = act.act === "cable_in";
      toy.exchange = { ...toy.exchange, connected, ringing: false };
      this.#put(toy, connected ? "idle" : "no_battery", connected ? "idle" : "no_battery");
      toy.view = { ...toy.view, call: null, meter: null, millivolts: connected ? 48_100 : 0, microamps: 0 };
      this.#notice(connected ? "line_connected" : "line_disconnected", port, connected ? "info" : "warning");
    }
    this.#tell();
    return Promise.resolve();
  }

  #later(toy: ToyPort, ms: number, then: () => void): void {
    clearTimeout(toy.timer);
    toy.timer = setTimeout(() => {
      then();
      this.#tell();
    }, ms);
  }

  #ring(toy: ToyPort, number: string): void {
    if (toy.view.state === "talking") this.#wait(toy, number);
    if (toy.view.state !== "idle") return;
    const settings = this.#settings.ports[toy.view.port];
    if (!settings) return;
    this.#put(toy, "ringing", "ringing");
    this.#mark(toy.view.port, { kind: "ring_on", frequency_hz: 25 });
    toy.exchange = { ...toy.exchange, ringing: true };
    if (!settings.fxo_to_sip) {
      this.#notice("ring_ignored", toy.view.port, "info");
      return;
    }
    this.#later(toy, 1500, () => {
      const to = targetUri(this.#settings, settings);
      this.#notice("ringing", toy.view.port, "info", { caller: number });
      this.#put(toy, "calling", "ringing");
      const caller: MarkKind = { kind: "caller_id", number, name: null, presentation: "allowed", category: null, source: "dtmf" };
      this.#mark(toy.view.port, { kind: "ring_off", on_ms: 1500 }, caller, { kind: "sip_out", message: "INVITE", peer: to });
      toy.view.call = this.#call("fxo_to_sip", number, to);
      this.#notice("call_started", toy.view.port, "info", { from: number, to });
      this.#later(toy, 2500, () => this.#answer(toy));
    });
  }

  /** A second caller, where the line asks for him. */
  #wait(toy: ToyPort, number: string): void {
    if (!toy.view.call || !this.#settings.ports[toy.view.port]?.line.waiting_caller_id) return;
    const burst = sentBytes(number);
    this.#mark(toy.view.port, { kind: "waiting_caller", burst });
    const caller = burst.reading.result === "understood" ? burst.reading.caller : null;
    toy.view = { ...toy.view, call: { ...toy.view.call, waiting: { told_ms: this.#at(), caller } } };
  }

  #answer(toy: ToyPort): void {
    const call = toy.view.call;
    if (!call) return;
    this.#put(toy, "talking", "off_hook");
    this.#mark(toy.view.port, { kind: "sip_in", message: "200", peer: "192.0.2.20" }, { kind: "hook", off_hook: true }, { kind: "answered", by: "target" });
    toy.exchange = { ...toy.exchange, ringing: false, off_hook: true, lets_wait: true };
    toy.view = { ...toy.view, call: { ...call, answered_ms: this.#at() }, millivolts: 7_900, microamps: 24_600 };
    this.#hear(toy);
    this.#notice("call_answered", toy.view.port, "info", { from: call.from, to: call.to });
  }

  #end(toy: ToyPort, cause: CallRecord["cause"]): void {
    const call = toy.view.call;
    clearTimeout(toy.timer);
    toy.exchange = { ...toy.exchange, ringing: false, off_hook: false, lets_wait: false };
    if (!call) {
      this.#put(toy, "idle", "idle");
      return;
    }
    const now = this.#at();
    this.#mark(toy.view.port, { kind: "ended", cause }, { kind: "hook", off_hook: false }, { kind: "released" });
    const evidence = cause === "line_hung_up" ? ({ kind: "loop_interruption", duration_ms: 520 } as const) : null;
    const answered = call.answered_ms;
    toy.view = {
      ...toy.view,
      call: null,
      meter: null,
      millivolts: 48_100,
      microamps: 0,
      last: { ...call, port: toy.view.port, ended_ms: now, cause, evidence, sip_status: call.direction === "test" ? null : answered === null ? 487 : 200, timeline: [] },
    };
    if (call.line_test) this.lineTests.keep(call.line_test, cause, this.#startedAt, now);
    if (toy.view.last) this.history.keep(toy.view.last, this.#startedAt);
    this.#put(toy, "guard", "guard");
    const seconds = answered === null ? 0 : Math.round((now - answered) / 1000);
    this.#notice(call.direction === "test" ? "test_ended" : "call_ended", toy.view.port, "info", { from: call.from, to: call.to, cause, seconds: String(seconds) });
    this.#later(toy, 1000, () => this.#put(toy, "idle", "idle"));
  }
}
