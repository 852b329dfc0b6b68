/** Whether the gateway can do its work: named checks, each with what to change. Pure: everything it looks at is given to it. */
import type { Words } from "../i18n";
import { boxWords, choiceName } from "./box";
import type { DeviceStatus, Notice, NoticeCode, PortView, Settings, Snapshot, StorageView } from "./ipc/types";
import type { PageName } from "./state/route.svelte";

export type Verdict = "pass" | "warn" | "fail" | "none";

export interface Check {
  /** Which, as the words name it: `check.<id>`. */
  id: string;
  verdict: Verdict;
  /** What was found, in words. */
  found: string;
  /** The setting to change, where one helps. */
  setting?: string;
  /** The page that helps, where no setting does. */
  page?: PageName;
}

export interface Examined {
  settings: Settings;
  snapshot: Snapshot;
  device: DeviceStatus | null;
  notices: readonly Notice[];
  /** `null`: not known yet; `"unanswered"`: the program did not say. */
  storage: StorageView | "unanswered" | null;
}

/** How far back refused attempts are counted. */
const REFUSALS_MS = 3_600_000;
const REFUSALS: readonly NoticeCode[] = ["wrong_credentials", "host_not_admitted", "source_dropped", "source_banned"];

export function checks(words: Words, of: Examined): Check[] {
  return [
    box(words, of),
    ports(words, of),
    battery(words, of),
    release(words, of),
    registration(words, of),
    reachable(words, of),
    admission(words, of),
    target(words, of),
    refusals(words, of),
    database(words, of),
  ];
}

/** "1, 3": ports as people count them. */
function list(ports: readonly number[]): string {
  return ports.map((port) => port + 1).join(", ");
}

function where(views: readonly PortView[], holds: (view: PortView) => boolean): number[] {
  return views.filter(holds).map(({ port }) => port);
}

function box(words: Words, { device }: Examined): Check {
  const id = "box";
  const state = device?.state;
  if (!device || !state || state.state === "off") return { id, verdict: "warn", found: words.t("check.box.off"), page: "devices" };
  const name = choiceName(words, device.choice);
  switch (state.state) {
    case "up":
      return { id, verdict: "pass", found: words.t("check.box.up", { name: boxWords(words, device) }) };
    case "opening":
      return { id, verdict: "warn", found: words.t("check.box.opening", { name }), page: "devices" };
    case "lost": {
      const args = { name, fault: words.code("device_fault", state.fault), about: words.code("device_fault_about", state.fault) };
      return { id, verdict: "fail", found: words.t("check.box.lost", args), page: "devices" };
    }
  }
}

function ports(words: Words, { device, settings }: Examined): Check {
  const id = "ports";
  if (device?.state.state !== "up") return { id, verdict: "none", found: words.t("check.ports.none") };
  const lines = device.state.identity.ports;
  return lines >= settings.ports.length
    ? { id, verdict: "pass", found: words.t("check.ports.good") }
    : { id, verdict: "warn", found: words.t("check.ports.fewer", { box: lines, settings: settings.ports.length }), page: "devices" };
}

function battery(words: Words, { snapshot }: Examined): Check {
  const id = "battery";
  if (snapshot.ports.every(({ state }) => state === "absent")) return { id, verdict: "none", found: words.t("check.battery.none") };
  const dead = where(snapshot.ports, ({ line }) => line === "no_battery");
  return dead.length === 0
    ? { id, verdict: "pass", found: words.t("check.battery.good") }
    : { id, verdict: "fail", found: words.t("check.battery.missing", { ports: list(dead) }), page: "overview" };
}

function release(words: Words, { snapshot }: Examined): Check {
  const id = "release";
  const stuck = where(snapshot.ports, ({ state }) => state === "fault");
  return stuck.length === 0
    ? { id, verdict: "pass", found: words.t("check.release.good") }
    : { id, verdict: "fail", found: words.t("check.release.stuck", { ports: list(stuck) }), page: "overview" };
}

function registration(words: Words, { snapshot }: Examined): Check {
  const id = "registration";
  const views = snapshot.ports.filter((view) => view.registration.kind !== "none");
  if (views.length === 0) return { id, verdict: "none", found: words.t("check.registration.none") };
  const failed = where(views, (view) => view.registration.kind === "failed");
  if (failed.length > 0) {
    return { id, verdict: "fail", found: words.t("check.registration.failed", { ports: list(failed) }), setting: "gateway.remote_server" };
  }
  const nobody = where(views, ({ registration: known }) => known.kind === "server" && known.contacts.length === 0);
  if (nobody.length > 0) {
    return { id, verdict: "warn", found: words.t("check.registration.nobody", { ports: list(nobody) }), page: "users_and_ports" };
  }
  const trying = where(views, (view) => view.registration.kind === "trying");
  const args = { n: views.length - trying.length, total: views.length };
  return trying.length > 0
    ? { id, verdict: "warn", found: words.t("check.registration.trying", args) }
    : { id, verdict: "pass", found: words.t("check.registration.good", args) };
}

/** Whether an address is heard by this computer alone (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  return /^127\.|^::1$/.test(address.trim());
}

function reachable(words: Words, { settings, snapshot }: Examined): Check {
  const id = "reachable";
  return isLoopback(settings.gateway.bind_address)
    ? { id, verdict: "warn", found: words.t("check.reachable.loopback"), setting: "gateway.bind_address" }
    : { id, verdict: "pass", found: words.t("check.reachable.good", { address: snapshot.sip_address }) };
}

/** The ports of which something holds, counted from 0. */
function portsOf(settings: Settings, holds: (port: Settings["ports"][number]) => boolean): number[] {
  return settings.ports.flatMap((port, index) => (holds(port) ? [index] : []));
}

function admission(words: Words, { settings }: Examined): Check {
  const id = "admission";
  const trunk = settings.gateway.mode === "sip_trunk";
  const open = trunk ? portsOf(settings, (port) => port.sip_to_fxo && port.only_from_host.trim() === "") : [];
  const [first] = open;
  return first === undefined
    ? { id, verdict: "pass", found: words.t("check.admission.good") }
    : { id, verdict: "fail", found: words.t("check.admission.open", { ports: list(open) }), setting: `ports[${first}].only_from_host` };
}

function target(words: Words, { settings }: Examined): Check {
  const id = "target";
  const blank = portsOf(settings, (port) => port.fxo_to_sip && port.target.trim() === "");
  const [first] = blank;
  return first === undefined
    ? { id, verdict: "pass", found: words.t("check.target.good") }
    : { id, verdict: "warn", found: words.t("check.target.blank", { ports: list(blank) }), setting: `ports[${first}].target` };
}

function refusals(words: Words, { notices, snapshot }: Examined): Check {
  const id = "refusals";
  const n = notices.filter(({ code, at_ms }) => REFUSALS.includes(code) && snapshot.now_ms - at_ms < REFUSALS_MS).length;
  return n === 0
    ? { id, verdict: "pass", found: words.t("check.refusals.good") }
    : { id, verdict: "warn", found: words.t("check.refusals.some", { n }), setting: "ports[].only_from_host" };
}

function database(words: Words, { storage }: Examined): Check {
  const id = "database";
  if (storage === null) return { id, verdict: "none", found: words.t("check.database.none") };
  if (storage === "unanswered") return { id, verdict: "fail", found: words.t("check.database.unanswered") };
  const { fault, file, bytes } = storage;
  if (fault) return { id, verdict: "fail", found: words.t("check.database.fault", { reason: words.code("store_fault", fault.code), file }) };
  return { id, verdict: "pass", found: words.t("check.database.good", { size: size(words, bytes ?? 0) }) };
}

const KIB = 1024;
const MIB = KIB * KIB;

/** `152 KiB`, `3.4 MiB`: a size as the language writes numbers. */
export function size(words: Words, bytes: number): string {
  const number = (value: number, digits: number): string => new Intl.NumberFormat(words.language, { maximumFractionDigits: digits }).format(value);
  return bytes < MIB ? `${number(Math.ceil(bytes / KIB), 0)} KiB` : `${number(bytes / MIB, 1)} MiB`;
}
