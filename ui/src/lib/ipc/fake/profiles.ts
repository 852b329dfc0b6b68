/** Profiles of the toy world: files in memory, seals that remember their passphrase, and a few pieces of advice. */
import type { Outcome } from "../backend";
import type { FileDrag, Profiles } from "../profiles";
import type { Advice, Compared, FieldValue, ProblemCode, ProfileFault, ProfileRead, Review, RevisionId, Settings, Side } from "../types";
import { changed, valueAt } from "../../paths";
import { preview } from "./review";
import { firstSettings } from "./settings";

interface ToyFile {
  settings: Settings;
  /** The passphrase that opens the secrets; `null`: there are none in the file. */
  passphrase: string | null;
}

const fault = (code: ProblemCode, path = "", args: Record<string, string> = {}): ProfileFault => ({
  kind: "problems",
  problems: [{ path, severity: "error", code, args }],
});

export class FakeProfiles implements Profiles {
  /** What a person chooses when a picker opens; nothing more in the list means that they cancel. */
  readonly picks: string[] = ["filial-centro.json", "matriz.json"];
  readonly files = new Map<string, ToyFile | ProfileFault>();
  #listeners = new Set<(drag: FileDrag) => void>();

  constructor(
    readonly inForce: () => Settings,
    readonly review: (draft: Settings) => Promise<Review>,
  ) {
    const branch = structuredClone(inForce());
    branch.gateway.remote_server = "voz.filial-centro.example:5080";
    branch.gateway.dial_rules = ["deny 0300."];
    branch.gateway.dial_international = true;
    branch.ports.forEach((port, index) => {
      port.target = index === 0 ? "recepcao@voz.filial-centro.example" : "";
      port.line.silence_timeout_s = 0;
    });
    this.files.set("filial-centro.json", { settings: branch, passphrase: "cavalo correto" });
    const head = structuredClone(inForce());
    head.gateway.mode = "sip_server";
    head.gateway.remote_server = "";
    this.files.set("matriz.json", { settings: head, passphrase: null });
    this.files.set("64-portas.json", { settings: firstSettings(64), passphrase: null });
    this.files.set("futuro.json", fault("profile_from_newer_version", "version", { found: "9", newest: "3" }));
    this.files.set("quebrado.json", {
      kind: "problems",
      problems: [
        { path: "gateway.sip_port", severity: "error", code: "above_maximum", args: { maximum: "65535", found: "95060" } },
        { path: "gateway.stelth", severity: "error", code: "unknown_key", args: { meant: "gateway.stealth" } },
        { path: "ports[0].line.guard_ms", severity: "error", code: "wrong_type", args: { expected: "integer", found: "text" } },
      ],
    });
  }

  exportTo(path: string, _: RevisionId | null, passphrase: string | null): Promise<Outcome<null, ProfileFault>> {
    if (path.startsWith("/proc/")) return Promise.resolve({ ok: false, refusal: { kind: "unwritable", detail: "EACCES" } });
    this.files.set(path, { settings: structuredClone(this.inForce()), passphrase });
    return Promise.resolve({ ok: true, value: null });
  }

  async read(path: string, passphrase: string | null): Promise<Outcome<ProfileRead, ProfileFault>> {
    const file = this.files.get(path);
    if (file === undefined) return { ok: false, refusal: { kind: "unreadable", detail: "ENOENT" } };
    if ("kind" in file) return { ok: false, refusal: file };
    if (file.passphrase !== null && passphrase === null) return { ok: false, refusal: fault("passphrase_needed", "sealed_secrets") };
    if (file.passphrase !== null && passphrase !== file.passphrase) return { ok: false, refusal: fault("wrong_passphrase", "sealed_secrets") };
    const settings = structuredClone(file.settings);
    const before = this.inForce();
    const missing: string[] = [];
    if (file.passphrase === null) {
      const same = settings.gateway.mode === before.gateway.mode && settings.gateway.remote_server === before.gateway.remote_server;
      settings.ports.forEach((port, index) => {
        const known = before.ports[index];
        port.secret = same && known?.user === port.user ? known.secret : "";
        if (port.secret === "") missing.push(`ports[${index}].secret`);
      });
    }
    const review = structuredClone(await this.review(settings));
    if (settings.ports.length > before.ports.length) {
      const args = { found: String(settings.ports.length), available: String(before.ports.length) };
      review.problems.unshift({ path: "ports", severity: "confirm", code: "ports_without_device", args });
    }
    return { ok: true, value: { settings, secrets_missing: missing, sealed: file.passphrase !== null, review } };
  }

  compare(left: Side, right: Side): Promise<Outcome<Compared[], ProfileFault>> {
    const [one, other] = [this.#side(left), this.#side(right)];
    if ("kind" in one) return Promise.resolve({ ok: false, refusal: one });
    if ("kind" in other) return Promise.resolve({ ok: false, refusal: other });
    const unequal = new Set(changed(one, other));
    const rows = [...new Set([...leaves(one), ...leaves(other)])].map((path) => ({ path, left: shown(path, one), right: shown(path, other), equal: !unequal.has(path) }));
    return Promise.resolve({ ok: true, value: rows });
  }

  #side(side: Side): Settings | ProfileFault {
    if (side.from !== "file") return this.inForce();
    const file = this.files.get(side.path) ?? ({ kind: "unreadable", detail: "ENOENT" } as const);
    return "kind" in file ? file : file.settings;
  }

  advise(draft: Settings): Promise<Advice[]> {
    const advice: Advice[] = [];
    const trunk = draft.gateway.mode === "sip_trunk";
    draft.ports.forEach((port, index) => {
      const open = port.only_from_host.trim() === "";
      if (trunk && open && port.sip_to_fxo) advice.push({ path: `ports[${index}].only_from_host`, weight: "danger", code: "open_to_anyone", args: {} });
    });
    if (draft.gateway.dial_international) {
      advice.push({ path: "gateway.dial_international", weight: "caution", code: "costly_prefixes_open", args: { prefixes: "00", country: "BR" } });
    }
    draft.ports.forEach((port, index) => {
      const target = preview(draft, port, index);
      if (target.blank && port.fxo_to_sip) {
        advice.push({ path: `ports[${index}].target`, weight: "caution", code: "target_blank", args: { uri: target.uri } });
      }
      if (port.line.silence_timeout_s === 0) {
        advice.push({ path: `ports[${index}].line.silence_timeout_s`, weight: "caution", code: "silence_timeout_off", args: {} });
      }
    });
    return Promise.resolve(advice);
  }

  pick(): Promise<string | null> {
    return Promise.resolve(this.picks.shift() ?? null);
  }

  place(name: string): Promise<string | null> {
    return Promise.resolve(`/tmp/${name}`);
  }

  listenDrags(dragged: (drag: FileDrag) => void): Promise<() => void> {
    this.#listeners.add(dragged);
    return Promise.resolve(() => void this.#listeners.delete(dragged));
  }

  /** Lets a person drag files over the window. */
  drag(drag: FileDrag): void {
    for (const listener of this.#listeners) listener(drag);
  }
}

/** The paths of all values. */
function leaves(value: unknown, path = ""): string[] {
  if (Array.isArray(value) && value.some((item) => typeof item === "object")) {
    return value.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}

function shown(path: string, settings: Settings): FieldValue | null {
  const value = valueAt(settings, path);
  if (value === undefined) return null;
  if (typeof value === "boolean") return { type: "flag", value };
  if (typeof value === "number") return { type: "integer", value };
  if (Array.isArray(value)) return { type: "list", value: value.map(String) };
  if (path.endsWith(".secret")) return { type: "secret", value: value !== "" };
  return path.endsWith(".mode") ? { type: "word", value: String(value) } : { type: "text", value: String(value) };
}
