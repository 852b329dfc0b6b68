/** How Apply goes in the toy world: its revisions, drafts that wait, and settings on probation. */
import type { Applied, ApplyProgress, ApplyStatus, Change, PortId, RevisionEntry, RevisionId, RevisionKind, Settings } from "../types";
import { differences } from "./review";

/** Revisions that are kept, as in the program. */
const KEPT = 20;
/** How long the toy registrar takes to answer. */
const PROBATION_MS = 1500;
/** A secret that the toy registrar refuses, so that the way back can be seen. */
const REFUSED_SECRET = "refused";

interface Kept {
  entry: Omit<RevisionEntry, "current" | "changes">;
  settings: Settings;
}

/** What Apply needs of the world around it. */
interface World {
  /** Now, in ms since 1970. */
  now(): number;
  /** A moment of `now` on the clock of the gateway. */
  sinceStart(epoch_ms: number): number;
  isBusy(port: PortId): boolean;
  /** Other settings hold: the world follows. */
  follow(settings: Settings): void;
  rolledBack(setting: string, revision: RevisionId): void;
  tell(progress: ApplyProgress): void;
}

export class FakeApply {
  #world: World;
  #kept: Kept[] = [];
  #status: ApplyStatus = { kind: "none" };
  #waiting: { settings: Settings; kind: RevisionKind } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(world: World, first: Settings) {
    this.#world = world;
    this.#keep(first, "first", -26 * 3_600_000);
  }

  /** A past, so that there is something to compare. */
  remember(past: readonly { settings: Settings; kind: RevisionKind; ago_ms: number; program?: string }[]): void {
    for (const { settings, kind, ago_ms, program } of past) this.#keep(settings, kind, -ago_ms, program);
  }

  get settings(): Settings {
    return this.#newest().settings;
  }

  progress(): ApplyProgress {
    const { entry } = this.#newest();
    const applied: Applied = { revision: entry.revision, at_epoch_ms: entry.at_epoch_ms };
    return { applied, status: this.#status };
  }

  apply(settings: Settings, kind: RevisionKind): Applied {
    const before = this.settings;
    this.#waiting = null;
    this.#put(settings, kind);
    const touched = differences(before, settings).filter(({ grade }) => grade === "registers_again");
    clearTimeout(this.#timer);
    if (settings.gateway.mode === "sip_client" && settings.gateway.rollback_after_s > 0 && touched.length > 0) {
      this.#tryOut(before, settings, touched);
    }
    this.#tell();
    return this.progress().applied;
  }

  applyWhenIdle(settings: Settings, kind: RevisionKind): ApplyProgress {
    this.#waiting = { settings, kind };
    this.#status = { kind: "waiting", ports: [], since_ms: this.#world.sinceStart(this.#world.now()) };
    this.look();
    return this.progress();
  }

  takeBack(): ApplyProgress {
    if (this.#waiting) {
      this.#waiting = null;
      this.#status = { kind: "none" };
      this.#tell();
    }
    return this.progress();
  }

  /** Ports may have become idle. */
  look(): void {
    if (!this.#waiting || this.#status.kind !== "waiting") return;
    const touched = differences(this.settings, this.#waiting.settings).flatMap(({ touches }) => touches);
    const busy = [...new Set(touched)].filter((port) => this.#world.isBusy(port));
    if (busy.length === 0) {
      const { settings, kind } = this.#waiting;
      this.apply(settings, kind);
    } else if (busy.join() !== this.#status.ports.join()) {
      this.#status = { ...this.#status, ports: busy };
      this.#tell();
    }
  }

  revisions(): RevisionEntry[] {
    const last = this.#kept.length - 1;
    const counted = this.#kept.map(({ entry, settings }, index) => {
      const before = this.#kept[index - 1];
      return { ...entry, current: index === last, changes: before ? differences(before.settings, settings).length : null };
    });
    return counted.reverse();
  }

  compare(before: RevisionId, after: RevisionId | null, draft: Settings): Change[] {
    return differences(this.revision(before), after === null ? draft : this.revision(after));
  }

  revision(id: RevisionId): Settings {
    return structuredClone(this.#kept.find(({ entry }) => entry.revision === id)?.settings ?? this.settings);
  }

  #tryOut(before: Settings, settings: Settings, touched: readonly Change[]): void {
    const now = this.#world.sinceStart(this.#world.now());
    const ports = [...new Set(touched.flatMap(({ touches }) => touches))];
    const missing = ports.map((port) => ({ port, what: "registration" as const }));
    this.#status = { kind: "on_probation", since_ms: now, until_ms: now + settings.gateway.rollback_after_s * 1000, missing };
    const refused = settings.ports.findIndex(({ secret }) => secret === REFUSED_SECRET);
    this.#timer = setTimeout(() => {
      this.#status = { kind: "none" };
      if (refused >= 0) this.#rollBack(before, refused);
      this.#tell();
    }, PROBATION_MS);
  }

  #rollBack(before: Settings, port: PortId): void {
    const refused = this.#newest().entry.revision;
    const setting = `ports[${port}].secret`;
    this.#put(before, "rollback");
    this.#status = { kind: "rolled_back", refused, reasons: [{ port, cause: "secret_refused", status: 403, phrase: "Forbidden", setting }] };
    this.#world.rolledBack(setting, refused);
  }

  #put(settings: Settings, kind: RevisionKind): void {
    this.#keep(settings, kind, 0);
    this.#status = { kind: "none" };
    this.#world.follow(structuredClone(settings));
  }

  #keep(settings: Settings, kind: RevisionKind, ago_ms: number, program = "loopstart"): void {
    const revision = (this.#kept.at(-1)?.entry.revision ?? 0) + 1;
    const entry = { revision, at_epoch_ms: this.#world.now() + ago_ms, kind, author: { user: "ana", program } };
    this.#kept = [...this.#kept, { entry, settings: structuredClone(settings) }].slice(-KEPT);
  }

  #newest(): Kept {
    return this.#kept[this.#kept.length - 1]!;
  }

  #tell(): void {
    this.#world.tell(this.progress());
  }
}
