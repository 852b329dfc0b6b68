import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { Words } from "../i18n";
import en from "../i18n/en";
import pt from "../i18n/pt-BR";
import { Announcer, PAUSE_MS } from "../lib/announcing";
import { boxWords } from "../lib/box";
import { checks, isLoopback, size, type Check, type Examined } from "../lib/health";
import { Refused } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { toyTable } from "../lib/ipc/fake/table";
import type { DeviceFault, Notice } from "../lib/ipc/types";
import { report } from "../lib/report";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route, type PageName } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();
// Whole pages are painted here; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

const words = new Words("en", en);

const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

async function show(page: PageName, scene: Scene = "lively", backend = new FakeBackend(scene)): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.go(page);
  route.port = null;
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

async function examined(scene: Scene = "lively"): Promise<Examined> {
  const backend = new FakeBackend(scene);
  const { settings, notices, picture } = await backend.boot();
  const { snapshot, device } = picture;
  return { settings, snapshot, device, notices, storage: await backend.storage() };
}

const verdict = (of: Examined, id: string): Check["verdict"] | undefined => checks(words, of).find((check) => check.id === id)?.verdict;

afterEach(cleanup);

describe("the checks", () => {
  it("pass where all is well, and stand in the same order whatever they find", async () => {
    const well = await examined("quiet");
    well.settings.gateway.bind_address = "0.0.0.0";
    for (const port of well.settings.ports) port.target = "200";
    const found = checks(words, well);
    expect(found.filter((check) => check.verdict !== "pass")).toEqual([]);
    expect(checks(words, await examined("trouble")).map(({ id }) => id)).toEqual(found.map(({ id }) => id));
  });

  it("name the port and the setting of what is wrong", async () => {
    const trouble = checks(words, await examined("trouble"));
    const of = (id: string): Check | undefined => trouble.find((check) => check.id === id);
    expect(of("battery")).toMatchObject({ verdict: "fail", found: expect.stringContaining("3.") });
    expect(of("release")).toMatchObject({ verdict: "fail", found: expect.stringContaining("2.") });
    expect(of("registration")).toMatchObject({ verdict: "fail", setting: "gateway.remote_server" });
    expect(of("reachable")).toMatchObject({ verdict: "warn", setting: "gateway.bind_address" });
    expect(of("target")).toMatchObject({ verdict: "warn", setting: "ports[1].target" });
    expect(of("refusals")?.verdict).toBe("warn");
  });

  it("call an open trunk a failure, and a closed one none", async () => {
    const trunk = await examined();
    trunk.settings.gateway.mode = "sip_trunk";
    expect(checks(words, trunk).find(({ id }) => id === "admission")).toMatchObject({ verdict: "fail", setting: "ports[1].only_from_host" });
    for (const port of trunk.settings.ports) port.only_from_host = "192.0.2.10";
    expect(verdict(trunk, "admission")).toBe("pass");
  });

  it("say why the box cannot be used, whichever way it cannot", async () => {
    const of = await examined("empty");
    const faults: DeviceFault[] = ["not_found", "busy", "denied", "open_failed", "unplugged", "silent", "unfit", "stuck", "no_card", "card_busy", "card_unfit", "crashed"];
    for (const fault of faults) {
      of.device = { ...of.device!, state: { state: "lost", fault, retry_ms: 1000 } };
      const found = checks(words, of).find(({ id }) => id === "box")?.found;
      expect(found).toContain((en as Record<string, string>)[`device_fault.${fault}`]);
      expect(boxWords(words, of.device)).toContain("/dev/ttyACM1");
    }
    of.device = { ...of.device!, state: { state: "off" } };
    expect(verdict(of, "box")).toBe("warn");
    expect(verdict(of, "ports")).toBe("none");
  });

  it("tell what is wrong with the database", async () => {
    const of = await examined();
    for (const code of ["database_read_only", "disk_full", "database_damaged"]) {
      of.storage = { file: "/srv/loopstart.sqlite3", bytes: null, fault: { code, detail: "for the log" } };
      const check = checks(words, of).find(({ id }) => id === "database");
      expect(check?.verdict).toBe("fail");
      expect(check?.found).toContain((en as Record<string, string>)[`store_fault.${code}`]);
      expect(check?.found).not.toContain("for the log");
    }
    expect([verdict({ ...of, storage: null }, "database"), verdict({ ...of, storage: "unanswered" }, "database")]).toEqual(["none", "fail"]);
    expect([size(words, 155_648), size(words, 3_565_158)]).toEqual(["152 KiB", "3.4 MiB"]);
  });

  it("know the addresses that nobody else reaches", () => {
    expect(["127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "192.0.2.1", "::", "1127.0.0.1"].map(isLoopback)).toEqual([true, true, true, false, false, false, false]);
  });
});

describe("the report", () => {
  it("has the state of everything, and neither secrets nor numbers nor names", async () => {
    const of = await examined();
    const notice: Notice = { at_ms: 1, severity: "warning", code: "target_refused", port: 0, args: { target: "sip:5551234567@pbx.example", status: "404", reason: "No user 5559876543" }, setting: null };
    of.settings.gateway.dial_rules = ["deny 0900123."];
    of.settings.ports[0]!.line.guard_ms = 2500;
    of.snapshot.ports[1]!.registration = { kind: "server", contacts: [{ uri: "sip:101@192.0.2.31:5062", expires_ms: 1 }] };
    const text = report(words, {
      ...of,
      version: "0.1.0",
      at: new Date(0),
      checks: checks(words, of),
      fields: toyTable().fields,
      notices: [...of.notices, notice],
      date: (at_ms) => new Date(at_ms),
    });
    expect(text).toContain("ports[0].line.guard_ms (Guard time): 2500 ms");
    expect(text).toContain("Port 2 · idle · 1 phone registered");
    expect(text).toContain("target_refused");
    expect(text).toContain("404");
    const { ports } = of.settings;
    const hidden = [ports[0]!.secret, ports[0]!.name, "3333", "3050", "5551234567", "5559876543", "0900123", "101@", "200@", "1130501234"];
    for (const secret of hidden) expect(text, secret).not.toContain(secret);
  });
});

describe("what is said aloud", () => {
  const say = (text: string, alarm = false): { text: string; alarm: boolean } => ({ text, alarm });

  it("comes one thing at a time, alarms first, never too fast", () => {
    const announcer = new Announcer();
    announcer.add(say("a"));
    announcer.add(say("b"));
    announcer.add(say("fire", true));
    expect(announcer.take(0)?.text).toBe("fire");
    expect(announcer.take(PAUSE_MS - 1)).toBeNull();
    expect(announcer.wait_ms(PAUSE_MS - 1)).toBe(1);
    expect(announcer.take(PAUSE_MS)?.text).toBe("a");
    expect(announcer.take(2 * PAUSE_MS)?.text).toBe("b");
    expect(announcer.wait_ms(2 * PAUSE_MS)).toBeNull();
  });

  it("never piles up, and a flood drops no alarm before it drops everything else", () => {
    const announcer = new Announcer();
    announcer.add(say("fire", true));
    for (let n = 0; n < 1000; n += 1) announcer.add(say(String(n)));
    const heard: string[] = [];
    for (let at = 0; announcer.wait_ms(at) !== null; at += PAUSE_MS) heard.push(announcer.take(at)?.text ?? "");
    expect(heard).toEqual(["fire", "996", "997", "998", "999"]);
  });

  it("is what has happened since the window opened", async () => {
    await show("overview");
    const urgent = document.querySelector("[data-announced=urgent]")!;
    const polite = document.querySelector("[data-announced=polite]")!;
    expect([urgent.textContent, polite.textContent]).toEqual(["", ""]);
    live.tell({ at_ms: 1, severity: "alarm", code: "device_gone", port: null, args: {}, setting: null });
    await waitFor(() => expect(urgent).toHaveTextContent("A caixa foi desconectada."));
  });

  it("is said again when the same happens again", async () => {
    await show("overview");
    const urgent = document.querySelector("[data-announced=urgent]")!;
    live.tell({ at_ms: 1, severity: "alarm", code: "device_gone", port: null, args: {}, setting: null });
    await waitFor(() => expect(urgent).toHaveTextContent("A caixa foi desconectada."));
    const put: Node[] = [];
    const watching = new MutationObserver((changes) => put.push(...changes.flatMap(({ addedNodes }) => [...addedNodes])));
    watching.observe(urgent, { childList: true, subtree: true, characterData: true });
    live.tell({ at_ms: 2, severity: "alarm", code: "device_gone", port: null, args: {}, setting: null });
    await waitFor(() => expect(put.map((node) => node.textContent)).toContain("A caixa foi desconectada."), { timeout: PAUSE_MS + 4_000 });
    watching.disconnect();
  }, 30_000);
});

describe("devices", () => {
  const box = (name: string): HTMLElement => document.querySelector<HTMLElement>(`[data-box="${name}"]`)!;

  it("say why the box cannot be used: on the page, in the strip and beside the pages", async () => {
    await show("devices", "empty");
    expect(screen.getAllByText("/dev/ttyACM1: não encontrada").length).toBe(3);
    expect(screen.getByText("Não existe tal porta serial. Conecte a caixa ou escolha outra.")).toBeVisible();
    await waitFor(() => expect(within(box("/dev/ttyACM1")).getByText("em uso")).toBeVisible());
  });

  it("choose another box, after asking where a call would end", async () => {
    const backend = await show("devices", "lively");
    const chosen = vi.spyOn(backend, "chooseDevice");
    await waitFor(() => expect(box("/dev/ttyACM0")).not.toBeNull());
    await user.click(within(box("/dev/ttyACM0")).getByRole("button", { name: "Usar" }));
    const dialog = await screen.findByRole("alertdialog");
    expect(within(dialog).getByText("1 chamada em curso será encerrada.")).toBeVisible();
    expect(chosen).not.toHaveBeenCalled();
    await user.click(within(dialog).getByRole("button", { name: "Trocar e encerrar" }));
    await waitFor(() => expect(chosen).toHaveBeenCalledWith({ kind: "serial", path: "/dev/ttyACM0" }));
    expect(await screen.findAllByText("/dev/ttyACM0: em uso por outro programa")).not.toEqual([]);
  });

  it("give the simulated box more lines, and the draft more ports", async () => {
    const backend = await show("devices", "quiet");
    const chosen = vi.spyOn(backend, "chooseDevice");
    await waitFor(() => expect(box("virtual")).not.toBeNull());
    const lines = within(box("virtual")).getByRole("textbox", { name: /^Linhas/ });
    await user.clear(lines);
    await user.type(lines, "99");
    expect(within(box("virtual")).getByRole("button", { name: "Usar" })).toBeDisabled();
    await user.clear(lines);
    await user.type(lines, "3");
    await user.click(within(box("virtual")).getByRole("button", { name: "Usar" }));
    await waitFor(() => expect(chosen).toHaveBeenCalledWith({ kind: "virtual", ports: 3 }));
    await user.click(await screen.findByRole("button", { name: "Acrescentar 1 porta" }));
    expect(draft.changedPaths).toEqual(["ports[2]"]);
    expect(draft.settings.ports[2]?.line.guard_ms).toBe(1000);
    draft.discard();
  });

  it("put the voice of the box in use on a sound card, and back into the box", async () => {
    const backend = await show("devices", "quiet");
    const path = "/dev/ttyACM3";
    await waitFor(() => expect(box(path)).not.toBeNull());
    expect(screen.queryByRole("combobox", { name: "Voz" })).toBeNull();
    await user.click(within(box(path)).getByRole("button", { name: "Usar" }));
    const voice = await within(box(path)).findByRole<HTMLSelectElement>("combobox", { name: "Voz" });
    expect(voice).toHaveDisplayValue("Automática (da própria caixa)");
    expect(await screen.findAllByText(`${path}: placa de som ausente`)).not.toEqual([]);

    const [system, own] = await backend.cards();
    const chosen = vi.spyOn(backend, "chooseDevice");
    await waitFor(() => expect(voice.options).toHaveLength(3));
    await user.selectOptions(voice, own!.name);
    await waitFor(() => expect(voice).toHaveDisplayValue(own!.name));
    expect(chosen).toHaveBeenLastCalledWith({ kind: "serial_with_card", path, card: own!.id });
    expect(voice).not.toHaveAccessibleDescription();
    const gaps = await screen.findByText("Cortes na reprodução");
    expect(gaps.nextElementSibling).toHaveTextContent("14");
    expect(document.querySelectorAll("[data-box]")).toHaveLength(8);

    await user.selectOptions(voice, system!.name);
    await waitFor(() => expect(voice).toHaveAccessibleDescription("O sistema toca os próprios sons nesta placa: quem está na linha os ouviria."));
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);

    await user.selectOptions(voice, "Automática (da própria caixa)");
    await waitFor(() => expect(chosen).toHaveBeenLastCalledWith({ kind: "serial", path }));
  });

  it("keep a chosen card in the list that is not plugged in", async () => {
    const backend = new FakeBackend("quiet");
    const card = { capture: "alsa:hw:CARD=Gone,DEV=0", playback: "alsa:hw:CARD=Gone,DEV=0", rate_hz: null };
    await backend.chooseDevice({ kind: "serial_with_card", path: "/dev/ttyACM3", card });
    await show("devices", "quiet", backend);
    const voice = await screen.findByRole<HTMLSelectElement>("combobox", { name: "Voz" });
    await waitFor(() => expect(voice).toHaveDisplayValue("alsa:hw:CARD=Gone,DEV=0: não está conectada"));
    expect(voice.options).toHaveLength(4);
  });

  it("leave the voice where it is when calls would end and a person takes it back", async () => {
    const backend = await show("devices", "quiet");
    await backend.chooseDevice({ kind: "serial", path: "/dev/ttyACM3" });
    await user.click(screen.getByRole("button", { name: "Procurar de novo" }));
    const voice = await screen.findByRole<HTMLSelectElement>("combobox", { name: "Voz" });
    await waitFor(() => expect(voice.options).toHaveLength(3));
    const chosen = vi.spyOn(backend, "chooseDevice");
    const calls = vi.spyOn(live, "calls", "get").mockReturnValue(1);
    await user.selectOptions(voice, "Loopstart UAC-2, USB Audio");
    const dialog = await screen.findByRole("alertdialog");
    await user.click(within(dialog).getByRole("button", { name: "Voltar" }));
    calls.mockRestore();
    expect(voice).toHaveDisplayValue("Automática (da própria caixa)");
    expect(chosen).not.toHaveBeenCalled();
  });

  it("say why the box was not changed", async () => {
    const backend = await show("devices", "quiet");
    vi.spyOn(backend, "chooseDevice").mockRejectedValue(new Refused("busy"));
    await waitFor(() => expect(box("none")).not.toBeNull());
    await user.click(within(box("none")).getByRole("button", { name: "Usar" }));
    expect(await screen.findByText("A caixa não foi trocada: a caixa está ocupada; tente de novo.")).toBeVisible();
  });
});

describe("diagnostics", () => {
  it("filter the history by words without accents, and clear the filter", async () => {
    await show("diagnostics", "trouble");
    const history = within(screen.getByRole("region", { name: "Histórico de eventos" }));
    const all = history.getAllByRole("listitem").length;
    await user.type(history.getByRole("searchbox"), "nao se deixa");
    await waitFor(() => expect(history.getAllByRole("listitem")).toHaveLength(1));
    expect(history.getByText(`1 de ${all}`)).toBeVisible();
    await user.type(history.getByRole("searchbox"), "xyz");
    await user.click(await history.findByRole("button", { name: "Limpar o filtro" }));
    expect(history.getAllByRole("listitem")).toHaveLength(all);
  });

  it("lead from a notice, and from a check, to the setting", async () => {
    await show("diagnostics", "trouble");
    await user.click(screen.getByRole("button", { name: "Ir a Somente do Host" }));
    await waitFor(() => expect(document.activeElement?.closest("[data-path]")).toHaveAttribute("data-path", "ports[0].only_from_host"));
    route.go("diagnostics");
    await user.click(await screen.findByRole("button", { name: "Endereço local" }));
    await waitFor(() => expect(document.activeElement?.closest("[data-path]")).toHaveAttribute("data-path", "gateway.bind_address"));
  });

  it("lead from the events of the overview to the setting", async () => {
    await show("overview");
    await user.click(screen.getByRole("button", { name: "Ir a Somente do Host" }));
    expect(route.page).toBe("users_and_ports");
    await waitFor(() => expect(document.activeElement?.closest("[data-path]")).toHaveAttribute("data-path", "ports[0].only_from_host"));
  });

  it("copy the report", async () => {
    const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await show("diagnostics");
    await user.click(screen.getByRole("button", { name: "Copiar relatório" }));
    await waitFor(() => expect(screen.getByText("Relatório copiado")).toBeInTheDocument());
    expect(written.mock.calls[0]?.[0]).toContain("Relatório do Loopstart 0.1.0");
  });
});

describe("everybody can use them", () => {
  it.each([
    ["devices", "lively"],
    ["devices", "empty"],
    ["diagnostics", "trouble"],
    ["diagnostics", "empty"],
  ] as const)("%s (%s) has no violation that axe can see", async (page, scene) => {
    await show(page, scene);
    await waitFor(() => expect(live.backend).not.toBeNull());
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
});

describe("the guard", () => {
  const panel = async (): Promise<HTMLElement> => (await screen.findByRole("heading", { name: pt["guard.title"] })).closest("section") as HTMLElement;

  it("says that nobody is banned, and what would appear here", async () => {
    await show("diagnostics", "empty");
    expect(await within(await panel()).findByText(pt["guard.empty"])).toBeInTheDocument();
  });

  it("shows who is banned or slowed, for what, and lets a source in again", async () => {
    const backend = await show("diagnostics", "lively");
    const guard = within(await panel());
    const slowed = (await guard.findByRole("rowheader", { name: "192.0.2.31" })).closest("tr") as HTMLElement;
    expect(slowed).toHaveTextContent(pt["ban_effect.slowed"]);
    expect(slowed).toHaveTextContent(pt["offence.wrong_secrets"]);
    await user.click(guard.getByRole("button", { name: "Admitir 198.51.100.77 de novo" }));
    await waitFor(() => expect(guard.queryByRole("rowheader", { name: "198.51.100.77" })).toBeNull());
    expect((await backend.guard()).bans.map(({ source }) => source)).toEqual(["2001:db8:85a3:8d3::/64", "192.0.2.31"]);
  });
});

describe("the exposure test", () => {
  const panel = async (): Promise<HTMLElement> => (await screen.findByRole("heading", { name: pt["exposure.title"] })).closest("section") as HTMLElement;

  it("attacks when somebody asks for it, and tells the grade, every attempt and the settings to change", async () => {
    const backend = new FakeBackend("lively");
    const report = await backend.testExposure();
    vi.spyOn(backend, "testExposure").mockResolvedValue({
      ...report,
      grade: "F",
      checks: report.checks.map((result) => (result.check === "stranger_calls" ? { ...result, outcome: "open" } : result)),
      advice: [{ path: "ports[1].only_from_host", weight: "danger", code: "open_to_anyone", args: {} }],
    });
    await show("diagnostics", "lively", backend);
    const exposure = within(await panel());
    await user.click(exposure.getByRole("button", { name: pt["exposure.start"] }));
    expect(await exposure.findByText("Nota F")).toBeInTheDocument();
    expect(exposure.getByText(pt["exposure_check.stranger_calls"]).closest("li")).toHaveTextContent(pt["exposure_outcome.open"]);
    expect(exposure.getAllByText(pt["exposure_outcome.held"]).length).toBeGreaterThan(5);
    await user.click(exposure.getByRole("button", { name: "Somente do Host" }));
    await waitFor(() => expect(route.page).toBe("users_and_ports"));
  });

  it("says why it was not made", async () => {
    const backend = new FakeBackend("lively");
    vi.spyOn(backend, "testExposure").mockRejectedValue(new Refused("busy"));
    await show("diagnostics", "lively", backend);
    const exposure = within(await panel());
    await user.click(exposure.getByRole("button", { name: pt["exposure.start"] }));
    expect(await exposure.findByText(new RegExp(pt["exposure.failed"].split("{")[0] ?? ""))).toBeInTheDocument();
    expect(exposure.getByRole("button", { name: pt["exposure.start"] })).toBeEnabled();
  });
});
