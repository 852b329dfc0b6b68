import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import en from "../i18n/en";
import es from "../i18n/es";
import pt from "../i18n/pt-BR";
import { Words } from "../i18n";
import { best, find } from "../lib/finding";
import { freshPort } from "../lib/fresh_port";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { firstSettings } from "../lib/ipc/fake/settings";
import { toyTable } from "../lib/ipc/fake/table";
import { jump } from "../lib/jump";
import { changed, general, ofPort, putAt, valueAt } from "../lib/paths";
import { pageOf, SETTING_PAGES } from "../lib/setting_pages";
import { settingValue, spelled } from "../lib/setting_words";
import { settingCommands } from "../lib/commands";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { palette } from "../lib/state/palette.svelte";
import { PAGES, route, type PageName } from "../lib/state/route.svelte";
import { table } from "../lib/state/table.svelte";
import { named, theme } from "../lib/state/theme.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();
// Whole pages are painted here; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });
const { fields, countries } = toyTable();

async function show(page: PageName, scene: Scene = "lively"): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  theme.choose("system");
  palette.open = false;
  route.go(page);
  route.port = null;
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

/** Opens the palette and types into it. */
async function ask(typed: string): Promise<void> {
  await user.keyboard("{Control>}k{/Control}");
  const question = await screen.findByRole("combobox", { name: "Ir, fazer ou encontrar" });
  await waitFor(() => expect(question).toHaveFocus());
  await user.keyboard(typed);
}

const field = (path: string): HTMLElement => document.querySelector<HTMLElement>(`[data-path="${path}"]`)!;

afterEach(cleanup);

describe("the table", () => {
  it("has a place for every setting, on one page, once", () => {
    const placed = Object.values(SETTING_PAGES).flatMap((sections) => sections.flatMap(({ rows }) => rows.map(({ path }) => path)));
    expect(placed.toSorted()).toEqual(fields.map(({ path }) => path).toSorted());
  });

  it("is needed only by what is in it", () => {
    for (const section of Object.values(SETTING_PAGES).flat()) {
      for (const { needs } of section.rows) {
        if (!needs) continue;
        const kind = fields.find(({ path }) => path === needs.path)?.kind;
        if (kind?.type === "choice") expect(kind.words).toEqual(expect.arrayContaining([...needs.is]));
        else expect(kind?.type, needs.path).toBe("flag");
      }
      for (const path of section.elsewhere ?? []) expect(pageOf(path), path).toBeDefined();
    }
  });

  it.each([
    ["pt-BR", pt],
    ["en", en],
    ["es", es],
  ] as const)("has words in %s for every name, hint, word, unit and country", (language, messages: Record<string, string>) => {
    const missing: string[] = [];
    const wants = (key: string): void => void (key in messages || missing.push(key));
    for (const { label, kind, path } of fields) {
      wants(label);
      wants(`${label}.hint`);
      if (kind.type === "choice" || kind.type === "choices") {
        for (const word of kind.words) wants(path === "gateway.mode" ? `mode.${word}` : `${label}.${word}`);
      }
      if (kind.type === "integer" && kind.unit !== "none") wants(`unit.${kind.unit}`);
    }
    for (const { code } of countries) wants(`country.${code}`);
    expect(missing).toEqual([]);
    // No key of a setting that is gone.
    const known = new Set(fields.map(({ label }) => label));
    const stale = Object.keys(messages).filter((key) => key.startsWith("settings.") && ![...known].some((label) => key === label || key.startsWith(`${label}.`)));
    expect(stale).toEqual([]);
    expect(language).toBeTruthy();
  });

  it("says values as people do", () => {
    const words = new Words("en", en);
    const info = (path: string) => fields.find((known) => known.path === path)!;
    expect(settingValue(words, info("ports[].line.rtp_timeout_s"), 0)).toBe("off");
    expect(settingValue(words, info("ports[].line.guard_ms"), 1000)).toBe("1000 ms");
    expect(settingValue(words, info("gateway.country"), "BR")).toBe("Brazil");
    expect(settingValue(words, info("gateway.secret"), "hunter2")).not.toContain("hunter2");
    expect([spelled(59), spelled(90), spelled(14_400), spelled(86_461)]).toEqual(["", "1 min 30 s", "4 h", "1 d 1 min 1 s"]);
  });

  it("makes a fresh port that is the program's own", () => {
    const port = freshPort(fields);
    expect(Object.keys(port).toSorted()).toEqual(Object.keys(firstSettings(1).ports[0]!).toSorted());
    expect(port.line).toEqual(firstSettings(1).ports[0]!.line);
  });
});

describe("paths", () => {
  it("are put, made general, and given a port", () => {
    const tree = { gateway: { sip_port: 1 }, ports: [{ line: { guard_ms: 1 } }] };
    putAt(tree, "ports[0].line.guard_ms", 900);
    putAt(tree, "ports[7].line.guard_ms", 900);
    putAt(tree, "gateway.sip_port", 5080);
    expect(tree).toEqual({ gateway: { sip_port: 5080 }, ports: [{ line: { guard_ms: 900 } }] });
    expect(general("ports[12].line.guard_ms")).toBe("ports[].line.guard_ms");
    expect(ofPort("ports[].user", 3)).toBe("ports[3].user");
    expect(ofPort("gateway.user", 3)).toBe("gateway.user");
  });

  it("name ports that come and go", () => {
    const one = { ports: [{ user: "a" }] };
    const two = { ports: [{ user: "a" }, { user: "b" }] };
    expect(changed(one, two)).toEqual(["ports[1]"]);
    expect(changed(two, one)).toEqual(["ports[1]"]);
  });
});

describe("finding", () => {
  beforeEach(() => {
    table.load(toyTable());
    locale.choose("pt-BR");
  });

  it.each([
    ["busycount", "ports[].line.disconnect_tone_cycles"],
    ["busy count", "ports[].line.disconnect_tone_cycles"],
    ["Current Disconnect Threshold", "ports[].line.loop_interruption_ms"],
    ["current discon thresh", "ports[].line.loop_interruption_ms"],
    ["progzone", "gateway.country"],
    ["prgzone", "gateway.country"],
    ["rtptimeout", "ports[].line.rtp_timeout_s"],
    ["Duplo atendimento", "ports[].line.block_collect"],
    ["guard time", "ports[].line.guard_ms"],
    ["tempo de guarda", "ports[].line.guard_ms"],
    ["Preferred Vocoder", "gateway.codecs"],
    ["hookflash", "ports[].line.flash_ms"],
    ["blocked_prefixes", "gateway.dial_rules"],
    ["dialling rules", "gateway.dial_rules"],
    ["reglas de marcacion", "gateway.dial_rules"],
    ["internacionais", "gateway.dial_international"],
    ["identificacao", "ports[].line.caller_id_wait_ms"],
  ])("“%s” leads to %s", (question, path) => {
    expect(find(question, settingCommands(), 3)[0]?.thing.id).toBe(`setting:${path}`);
  });

  it("finds every setting by every name that anybody gives it", () => {
    for (const { path, aliases } of fields) {
      for (const alias of aliases) {
        const found = find(alias, settingCommands(), 6).map(({ thing }) => thing.id);
        expect(found, alias).toContain(`setting:${path}`);
      }
    }
  });

  it("finds nothing for nonsense, and is bounded", () => {
    expect(find("xyzzy plugh", settingCommands(), 8)).toEqual([]);
    expect(best("", [{ text: "anything", weight: 1 }])).toBeNull();
    expect(best("a".repeat(10_000), [{ text: "anything", weight: 1 }])).toBeNull();
  });
});

describe("setting pages", () => {
  it("change all ports at once, mark what differs, and take one port by itself", async () => {
    await show("lines");
    const guard = within(field("ports[].line.guard_ms"));
    const input = guard.getByRole("textbox");
    await user.clear(input);
    await user.type(input, "1500");
    expect(draft.settings.ports.map(({ line }) => line.guard_ms)).toEqual([1500, 1500]);
    expect(guard.getByText("vale quando a porta estiver livre")).toBeVisible();

    await user.click(screen.getByRole("radio", { name: /^Porta 2/ }));
    const alone = within(field("ports[1].line.guard_ms")).getByRole("textbox");
    await user.clear(alone);
    await user.type(alone, "800");
    expect(draft.settings.ports.map(({ line }) => line.guard_ms)).toEqual([1500, 800]);

    await user.click(screen.getByRole("radio", { name: /^Todas as portas/ }));
    const row = within(field("ports[].line.guard_ms"));
    expect(row.getByRole("textbox")).toHaveValue("");
    expect(row.getByText("Porta 1: 1500 ms · Porta 2: 800 ms")).toBeVisible();
    expect(screen.getByText("1 ajuste difere entre as portas.")).toBeVisible();
    await user.click(row.getByRole("button", { name: /Voltar ao padrão: 1000 ms/ }));
    expect(draft.dirty).toBe(false);
  });

  it("say whether the line of the chosen port sends caller ID, and ask again when a call is over", async () => {
    const backend = await show("lines");
    const told = (): HTMLElement => screen.getByRole("status", { name: "O que a linha enviou nas últimas chamadas" });
    expect(told()).toHaveTextContent("Escolha uma porta");
    await user.click(screen.getByRole("radio", { name: /^Porta 1/ }));
    await waitFor(() => expect(told()).toHaveTextContent("Esta linha envia identificação (DTMF): entendida em 9 de 10 chamadas recentes."));
    expect(told()).toHaveTextContent("os detalhes de cada chamada mostram");
    await user.click(screen.getByRole("radio", { name: /^Porta 2/ }));
    await waitFor(() => expect(told()).toHaveTextContent("Esta linha não envia identificação: nada foi ouvido em 7 chamadas recentes. Peça à operadora"));
    const asked = vi.spyOn(backend.history, "callerIdVerdict").mockResolvedValue({ verdict: "unreadable", unread: 3, of: 4 });
    backend.history.keep({ id: "over", port: 1, direction: "fxo_to_sip", from: "", to: "", started_ms: 1, answered_ms: null, ended_ms: 2, cause: "caller_gave_up", evidence: null, sip_status: null, timeline: [] }, 1_790_000_000_000);
    await waitFor(() => expect(told()).toHaveTextContent("não foi entendida em 3 de 4 chamadas"));
    expect(asked).toHaveBeenCalledWith(1);
    asked.mockResolvedValue({ verdict: "unknown", of: 1, least: 3 });
    await user.click(screen.getByRole("radio", { name: /^Porta 1/ }));
    await waitFor(() => expect(told()).toHaveTextContent("Ainda não se sabe: 1 de 3 chamadas necessárias. Ligue para a linha"));
  });

  it("say range, default and other makers’ names", async () => {
    await show("sip");
    const row = within(field("gateway.register_expires_s"));
    expect(row.getByText("30–86400 s · padrão: 300 s")).toBeVisible();
    expect(row.queryByText(/defaultexpiry/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Nomes de outras marcas" }));
    expect(row.getByText(/defaultexpiry/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Nomes de outras marcas" }));
  });

  it("paint the program’s problem at the field, with the port that has it", async () => {
    const backend = await show("lines");
    vi.spyOn(backend, "review").mockResolvedValue({
      problems: [{ path: "ports[1].line.guard_ms", severity: "error", code: "below_minimum", args: { minimum: "200", found: "5" } }],
      changes: [],
      targets: [],
    });
    const input = within(field("ports[].line.guard_ms")).getByRole("textbox");
    await user.clear(input);
    await user.type(input, "5");
    await waitFor(() => expect(input).toBeInvalid());
    expect(within(field("ports[].line.guard_ms")).getByText("Porta 2: Use no mínimo 200.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Ir ao campo" }));
    await waitFor(() => expect(within(field("ports[1].line.guard_ms")).getByRole("textbox")).toHaveFocus());
    expect(route.port).toBe(1);
  });

  it("paint the problem of an entry at its list, and name the entry", async () => {
    const backend = await show("sip");
    draft.settings.gateway.dial_rules = ["deny 00.", "deny 0-9"];
    vi.spyOn(backend, "review").mockResolvedValue({
      problems: [{ path: "gateway.dial_rules[1]", severity: "error", code: "bad_dial_rule", args: { fault: "rule_bad_pattern" } }],
      changes: [],
      targets: [],
    });
    await draft.check();
    const row = within(field("gateway.dial_rules"));
    expect(await row.findByText(/^“deny 0-9”: A regra não vale: o padrão aceita dígitos/)).toBeVisible();
    expect(row.getByRole("textbox", { name: "Regra 2: Número" })).toBeInvalid();
    expect(row.getByRole("textbox", { name: "Regra 1: Número" })).toBeValid();
    expect(jump("gateway.dial_rules[1]")).toBe(true);
    await waitFor(() => expect(document.activeElement?.closest("[data-path]")).toHaveAttribute("data-path", "gateway.dial_rules"));
    draft.discard();
  });

  it("a blank number is put nowhere, and the last one stands there again", async () => {
    await show("sip");
    const input = within(field("gateway.min_expires_s")).getByRole("textbox");
    await user.clear(input);
    expect(input).toHaveValue("");
    expect(draft.dirty).toBe(false);
    await user.tab();
    expect(input).toHaveValue("60");
  });

  it("order codecs, choose words", async () => {
    await show("audio");
    const codecs = within(field("gateway.codecs"));
    await user.click(codecs.getByRole("button", { name: "Preferir G.711 lei µ (PCMU)" }));
    expect(draft.settings.gateway.codecs).toEqual(["pcmu", "pcma"]);
    await user.click(codecs.getByRole("switch", { name: "Usar G.711 lei A (PCMA)" }));
    expect(draft.settings.gateway.codecs).toEqual(["pcmu"]);
    expect(draft.changedPaths).toEqual(["gateway.codecs"]);
    draft.discard();
  });

  it("say what has no effect now, and why", async () => {
    await show("lines");
    const row = within(field("ports[].line.collect_open_ms"));
    expect(row.getByText("Sem efeito agora: depende de “Recusar chamadas a cobrar”.")).toBeVisible();
    await user.click(within(field("ports[].line.block_collect")).getByRole("switch"));
    expect(row.queryByText(/^Sem efeito/)).toBeNull();
    draft.discard();
  });

  it("show what the country means", async () => {
    await show("lines");
    expect(screen.getByText("Perfil de linha: Brasil")).toBeVisible();
    draft.settings.gateway.country = "GB";
    expect(await screen.findByText("Perfil de linha: Reino Unido")).toBeVisible();
    draft.discard();
  });

  it("a jump reaches every setting on every page", async () => {
    await show("overview");
    for (const { path } of fields) {
      if (/\.(user|secret)$/.test(path) && path.startsWith("gateway.")) continue;
      expect(jump(path), path).toBe(true);
      await waitFor(() => expect(document.activeElement?.closest("[data-path]")?.getAttribute("data-path")?.replace("[0]", "[]"), path).toBe(path));
    }
    // The pair of the single user is folded away: the switch that unfolds it is shown.
    jump("gateway.user");
    await waitFor(() => expect(document.activeElement?.closest("[data-path]")).toHaveAttribute("data-path", "gateway.single_user"));
    expect(jump("gateway.no_such_thing")).toBe(false);
  });
});

describe("the palette", () => {
  it("leads to the test of the line profile, and leaves it to a person to begin it", async () => {
    const backend = await show("overview");
    const asked = vi.spyOn(backend.profileTests, "checks");
    await ask("testar o perfil");
    await user.keyboard("{Enter}");
    const test = await screen.findByRole("region", { name: "Teste do perfil" });
    await waitFor(() => expect(within(test).getByRole("button")).toHaveFocus());
    expect(location.hash).toBe("#lines");
    expect(asked).not.toHaveBeenCalled();
  });

  it("opens by Ctrl+K, finds by another maker’s name, and focuses the field", async () => {
    await show("overview");
    await ask("busycount");
    expect(await screen.findByRole("option", { name: /Ciclos do tom de ocupado.*busycount/ })).toBeVisible();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(within(field("ports[].line.disconnect_tone_cycles")).getByRole("textbox")).toHaveFocus());
    expect(route.page).toBe("lines");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("hangs up, rings, and changes how the window looks", async () => {
    const backend = await show("sip");
    const ordered = vi.spyOn(backend, "command");
    await ask("desligar a porta 1{Enter}");
    expect(ordered).toHaveBeenCalledWith({ do: "hang_up", port: 0 });
    await ask("high contrast{Enter}");
    expect(theme.choice).toBe("contrast");
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("contrast-light"));
  });

  it("keeps what was chosen while the lines go on", async () => {
    await show("overview");
    await ask("{ArrowDown}{ArrowDown}");
    const chosen = (): string | null | undefined => document.querySelector("[role=option][data-selected]")?.getAttribute("data-value");
    expect(chosen()).toBe(`page:${PAGES[2].name}`);
    live.show({ ...live.snapshot!, now_ms: live.snapshot!.now_ms + 100 }, live.exchange, live.device!);
    await tick();
    expect(chosen()).toBe(`page:${PAGES[2].name}`);
  });

  it("offers to apply only what can be applied", async () => {
    await show("sip");
    draft.settings.gateway.stealth = false;
    await ask("desc");
    expect(await screen.findByRole("option", { name: /Descartar as alterações/ })).toBeVisible();
    await user.keyboard("artar{Enter}");
    expect(draft.dirty).toBe(false);
  });

  it("Alt with a figure goes to a page", async () => {
    await show("overview");
    for (const [index, page] of PAGES.slice(0, 10).entries()) {
      const figure = String((index + 1) % 10);
      await user.keyboard(`{Alt>}[Digit${figure}]{/Alt}`);
      expect(route.page).toBe(page.name);
    }
  });
});

describe("the theme", () => {
  it("follows the system until a person chooses", () => {
    expect(named("system", false, false)).toBe("light");
    expect(named("system", true, false)).toBe("dark");
    expect(named("system", true, true)).toBe("contrast-dark");
    expect(named("contrast", false, false)).toBe("contrast-light");
    expect(named("light", true, true)).toBe("light");
  });

  it("is remembered", () => {
    theme.choose("dark");
    expect(localStorage.getItem("loopstart.theme")).toBe("dark");
    theme.choose("system");
    expect(localStorage.getItem("loopstart.theme")).toBeNull();
  });
});

describe("learned tones", () => {
  it("are edited, added and removed as texts", async () => {
    await show("lines");
    draft.settings.ports[1]!.line.learned_tones = ["busy 440 350/350"];
    jump("ports[1].line.learned_tones");
    const fresh = await screen.findByRole("textbox", { name: "Novo tom" });
    await user.type(fresh, "busy 620 300/300{Enter}");
    const tones = (): readonly string[] => draft.settings.ports[1]!.line.learned_tones;
    expect(tones()).toEqual(["busy 440 350/350", "busy 620 300/300"]);
    expect(draft.settings.ports[0]!.line.learned_tones).toEqual([]);
    // What is there already is not added again.
    await user.type(fresh, "busy 620 300/300{Enter}");
    expect(tones()).toHaveLength(2);
    await user.type(screen.getByRole("textbox", { name: "Tom 1" }), "{Backspace}5");
    expect(tones()[0]).toBe("busy 440 350/355");
    await user.click(screen.getByRole("button", { name: "Retirar o tom 1" }));
    expect(tones()).toEqual(["busy 620 300/300"]);
  });

  it("takes no more than there may be", async () => {
    await show("lines");
    const most = fields.find(({ path }) => path === "ports[].line.learned_tones")?.kind;
    if (most?.type !== "texts") throw new Error("no list");
    draft.settings.ports[1]!.line.learned_tones = Array.from({ length: most.max_items }, (_, n) => `busy ${400 + n} 200/200`);
    jump("ports[1].line.learned_tones");
    expect(await screen.findByRole("textbox", { name: "Novo tom" })).toBeDisabled();
  });
});

describe("everybody can use them", () => {
  const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

  it.each(["sip", "lines", "audio"] as const)("%s has no violation that axe can see", async (page) => {
    await show(page);
    await tick();
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it("the palette has none either", async () => {
    await show("overview");
    await ask("port");
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it("a setting is found, changed and discarded by keyboard alone", async () => {
    await show("overview");
    await user.keyboard("{Alt>}[Digit4]{/Alt}");
    await ask("tempo de guarda{Enter}");
    await waitFor(() => expect(document.activeElement?.closest("[data-path]")).toHaveAttribute("data-path", "ports[].line.guard_ms"));
    await user.keyboard("{Control>}a{/Control}2500");
    expect(draft.settings.ports[0]?.line.guard_ms).toBe(2500);
    await user.keyboard("{Tab}");
    expect(document.activeElement).toHaveAccessibleName(/Voltar ao padrão: 1000 ms/);
    await user.keyboard("{Enter}");
    expect(draft.dirty).toBe(false);
    expect(valueAt(draft.settings, "ports[1].line.guard_ms")).toBe(1000);
  });
});
