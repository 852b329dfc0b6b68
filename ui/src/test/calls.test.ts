import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { after, governing, NO_FILTERS, outcome, queryOf, steps } from "../lib/calls";
import { Refused } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { burstVerdict, dump, sentOfLine } from "../lib/caller_id_burst";
import type { CallerIdBurst, MarkKind, StoredRecord } from "../lib/ipc/types";
import { CallList, callList, WINDOW_ROWS } from "../lib/state/calls.svelte";
import { lastCalls } from "../lib/state/last_calls.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();

// A hundred thousand calls are made up for most of these.
vi.setConfig({ testTimeout: 30_000 });

/** The list is this tall: fifteen rows. */
const VIEW_PX = 600;

async function show(scene: Scene): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  callList.filters = NO_FILTERS;
  callList.total = null;
  callList.opened = null;
  callList.active = -1;
  route.go("calls");
  route.exchange = false;
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1, name: "Chamadas" });
  return backend;
}

const grid = (): Promise<HTMLElement> => screen.findByRole("grid", { name: "Chamadas" });
const rows = (): HTMLElement[] => screen.getAllByRole("row").filter((row) => row.id !== "");
const row = (place: number): HTMLElement => {
  const found = rows().find((row) => row.id === `call-row-${place}`);
  if (!found) throw new Error(`no row ${place}`);
  return found;
};

beforeEach(() => {
  // What the browser has and jsdom has not: sizes, and somebody who watches them.
  Element.prototype.scrollIntoView = vi.fn();
  Element.prototype.hasPointerCapture = vi.fn(() => false);
  Element.prototype.scrollTo = function (this: Element, options?: ScrollToOptions | number) {
    this.scrollTop = typeof options === "object" ? (options.top ?? 0) : 0;
    this.dispatchEvent(new Event("scroll"));
  } as typeof Element.prototype.scrollTo;
  Object.defineProperty(HTMLElement.prototype, "offsetParent", { configurable: true, get: () => document.body });
  globalThis.ResizeObserver = class {
    readonly #told: ResizeObserverCallback;
    constructor(told: ResizeObserverCallback) {
      this.#told = told;
    }
    observe(target: Element): void {
      const height = target.querySelector("[role=row]") && target.children.length === 1 && target.firstElementChild?.getAttribute("role") === "row" ? 40 : VIEW_PX;
      const entry = { target, contentRect: { width: 1000, height } } as unknown as ResizeObserverEntry;
      queueMicrotask(() => this.#told([entry], this as unknown as ResizeObserver));
    }
    unobserve(): void {}
    disconnect(): void {}
  };
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe("the list", () => {
  it("shows the newest of a hundred thousand calls, and only those that are seen", async () => {
    await show("lively");
    expect(await grid()).toHaveAttribute("aria-rowcount", "100001");
    expect(screen.getByText("100.000 chamadas")).toBeVisible();
    await waitFor(() => expect(rows().length).toBeGreaterThan(10));
    expect(rows().length).toBeLessThan(60);
    expect(row(0)).toHaveTextContent(/\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d/);
    expect(row(0)).toHaveTextContent(/FXO → SIP|SIP → FXO/);
  });

  it("marks a damaged record and shows the others", async () => {
    await show("lively");
    await grid();
    await waitFor(() => expect(row(6)).toHaveTextContent("registro danificado"));
    expect(row(5)).not.toHaveTextContent("danificado");
    await user.click(row(6));
    expect(screen.getByText(/Uma parte deste registro não pode ser lida/)).toBeVisible();
  });

  it("finds a number however it is written, and clears", async () => {
    await show("lively");
    await user.type(screen.getByRole("textbox", { name: "Buscar número, usuário ou host" }), "(11) 3333-44");
    await waitFor(() => expect(screen.getByText(/chamadas encontradas/)).toBeVisible());
    await waitFor(() => expect(row(0)).toHaveTextContent("(11) 3333-4444"));
    await user.click(screen.getByRole("button", { name: "Limpar" }));
    await waitFor(() => expect(screen.getByText("100.000 chamadas")).toBeVisible());
  });

  it("says what it looked at when nothing is found", async () => {
    await show("lively");
    await user.type(screen.getByRole("textbox", { name: /^Buscar/ }), "5550000");
    expect(await screen.findByRole("heading", { name: "Nenhuma chamada com estes filtros" })).toBeVisible();
  });

  it("teaches how to get the first call", async () => {
    await show("quiet");
    expect(await screen.findByRole("heading", { name: "Nenhuma chamada ainda" })).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Abrir a central virtual" }));
    expect(route.page).toBe("overview");
    expect(route.exchange).toBe(true);
  });

  it("says why it cannot be read, and tries again", async () => {
    const backend = new FakeBackend("lively");
    live.snapshot = null;
    callList.total = null;
    route.go("calls");
    const damaged = vi.spyOn(backend.history, "window").mockRejectedValue(new Refused({ code: "database_damaged", detail: "" }));
    render(App, { backend: Promise.resolve(backend) });
    expect(await screen.findByText("O banco de dados está danificado.")).toBeVisible();
    damaged.mockRestore();
    await user.click(screen.getByRole("button", { name: "Tentar de novo" }));
    expect(await grid()).toBeVisible();
  });
});

describe("the keyboard", () => {
  it("finds the search with a slash, goes down into the list, opens with Enter and comes back with Escape", async () => {
    await show("lively");
    await grid();
    await user.keyboard("/");
    expect(screen.getByRole("textbox", { name: /^Buscar/ })).toHaveFocus();
    await user.keyboard("{ArrowDown}");
    expect(await grid()).toHaveFocus();
    expect(await grid()).toHaveAttribute("aria-activedescendant", "call-row-0");
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}{Enter}");
    expect(await grid()).toHaveAttribute("aria-activedescendant", "call-row-1");
    expect(row(1)).toHaveAttribute("aria-selected", "true");
    const details = screen.getByRole("region", { name: "Detalhes da chamada" });
    expect(within(details).getByRole("heading", { name: "Linha do tempo" })).toBeVisible();
    // The details follow the arrows.
    const before = details.textContent;
    await user.keyboard("{ArrowDown}");
    await waitFor(() => expect(details.textContent).not.toBe(before));
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("region", { name: "Detalhes da chamada" })).toBeNull();
    expect(await grid()).toHaveFocus();
  });
});

describe("what the line sent", () => {
  const BURST: CallerIdBurst = {
    level_dbm0: -16.2,
    snr_db: 31.5,
    content: { form: "fsk", standard: "bell202", bytes: "800c020a31313333333334343434", twist_db: 1.2, checksum: "good", message_type: "mdmf" },
    reading: { result: "understood", caller: { number: "1133334444", name: "PADARIA", presentation: "allowed", category: null, source: "bell202" }, date_time: { month: 11, day: 28, hour: 14, minute: 5 } },
  };
  const BROKEN: CallerIdBurst = { ...BURST, level_dbm0: -38.1, snr_db: 9.2, content: { ...BURST.content, checksum: "bad" } as CallerIdBurst["content"], reading: { result: "not_understood", fault: "checksum" } };
  const CALL = { direction: "fxo_to_sip", from: "1133334444", to: "sip:200@pbx.example", port: 0, answered_ms: null, cause: "caller_gave_up", evidence: null, sip_status: 487 } as const;

  async function open(marks: MarkKind[]): Promise<HTMLElement> {
    const backend = await show("single");
    await grid();
    const timeline = marks.map((what) => ({ at_ms: 5, port: 0, what }));
    backend.history.keep({ ...CALL, id: "sent", started_ms: 5, ended_ms: 9000, timeline }, Date.now() + 60_000);
    await waitFor(() => expect(callList.row(0)?.id).toBe("sent"));
    await user.click(row(0));
    return screen.findByRole("region", { name: "Detalhes da chamada" });
  }
  const ring: MarkKind = { kind: "ring_on", frequency_hz: 25 };

  it("is shown with its fields, its measures in plain words, and its bytes", async () => {
    const details = await open([ring, { kind: "caller_id_burst", ...BURST }]);
    expect(within(details).getByRole("heading", { name: "Identificação de chamadas: o que a linha enviou" })).toBeVisible();
    expect(within(details).getByText("Entendida, e chegou limpa.", { exact: false })).toBeVisible();
    expect(details).toHaveTextContent("PADARIA");
    expect(details).toHaveTextContent("−16,2 dBm0");
    expect(details).toHaveTextContent("31,5 dB bom (norma: pelo menos 25)");
    const bytes = within(details).getByRole("group", { name: "14 bytes recebidos, em hexadecimal" });
    expect(bytes.textContent).toBe("00  80 0c 02 0a  31 31 33 33  ····1133\n08  33 33 34 34  34 34        334444\n");
    expect(details).toHaveTextContent("identificação recebida e entendida (FSK Bell 202, −16 dBm0)");
  });

  it("says why it was not understood, and what is out of the standard", async () => {
    const details = await open([ring, { kind: "caller_id_burst", ...BROKEN }]);
    expect(details).toHaveTextContent(/Não entendida, e o sinal está fora.*A soma de verificação está errada/);
    expect(details).toHaveTextContent("−38,1 dBm0 baixo demais");
    expect(details).toHaveTextContent("9,2 dB baixo demais (norma: pelo menos 25)");
    expect((await axe.run(details, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations).toEqual([]);
  });

  it("is nothing where nothing was heard, and not said where the record does not know", async () => {
    const details = await open([ring]);
    expect(details).toHaveTextContent("Nada foi ouvido: nem portadora FSK nem dígitos");
    const caller = { kind: "caller_id", number: "1", name: null, presentation: "allowed", category: null } as const;
    const of = (...marks: MarkKind[]): unknown => sentOfLine({ ...CALL, id: "", started_at_ms: 0, answered_at_ms: null, ended_at_ms: 1, damaged: false, timeline: marks.map((what) => ({ after_ms: 0, what })) });
    expect(of(ring, { ...caller, source: "device" })).toEqual({ bursts: [], instead: "device" });
    expect(of(ring, { ...caller, source: "dtmf" })).toEqual({ bursts: [], instead: null });
    expect(of()).toEqual({ bursts: [], instead: null });
  });

  it("of a second caller stands beside it, and so does that nothing was sent", async () => {
    const waits = { ...BURST, reading: { result: "understood", caller: { number: "1144445555", name: "ANA", presentation: "allowed", category: null, source: "bell202" }, date_time: null } } as CallerIdBurst;
    const details = await open([ring, { kind: "caller_id_burst", ...BURST }, { kind: "waiting_caller", burst: waits }, { kind: "waiting_caller", burst: null }, { kind: "waiting_caller", burst: BROKEN }]);
    const title = within(details).getByRole("heading", { name: "Chamada em espera: o que a central enviou" });
    expect(title.parentElement).toHaveTextContent("ANA");
    expect(title.parentElement).not.toHaveTextContent("PADARIA");
    expect(title.parentElement).toHaveTextContent("A central anunciou uma segunda chamada e, perguntada, não enviou nada.");
    expect(details).toHaveTextContent("chamada em espera: (11) 4444-5555 · ANA (FSK Bell 202)");
    expect(details).toHaveTextContent("perguntada sobre quem é, a central não enviou nada");
    expect(details).toHaveTextContent(/chamada em espera; o que a central enviou não foi entendido \(FSK Bell 202, −38 dBm0\): A soma/);
    expect((await axe.run(details, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations).toEqual([]);
  });

  it("is judged by the limits of its own standard", () => {
    expect(burstVerdict(BURST)).toBe("clean");
    expect(burstVerdict({ ...BURST, snr_db: 22 })).toBe("marginal");
    expect(burstVerdict({ ...BURST, snr_db: 22, content: { ...BURST.content, standard: "v23" } as CallerIdBurst["content"] })).toBe("clean");
    expect(burstVerdict({ ...BURST, snr_db: null })).toBe("clean");
    expect(burstVerdict({ ...BURST, content: { ...BURST.content, twist_db: -7 } as CallerIdBurst["content"] })).toBe("marginal");
    expect(burstVerdict(BROKEN)).toBe("noisy");
    expect(burstVerdict({ ...BROKEN, level_dbm0: -13, snr_db: 30 })).toBe("unreadable");
    expect(dump("")).toEqual([]);
  });
});

describe("the stages of a call to the line", () => {
  it("stand in its details, with what it was seen as answered by, and not in those of a call from the line", async () => {
    await show("lively");
    await grid();
    const outgoing = (call: StoredRecord): boolean => call.direction === "sip_to_fxo" && call.answered_at_ms !== null && !call.damaged;
    const { calls } = await new FakeBackend("lively").history.window(queryOf(NO_FILTERS, new Date()), null, 0, 14);
    await user.click(row(calls.findIndex(outgoing)));
    const table = await screen.findByRole("table", { name: "Etapas até atender" });
    const length = (name: string): string => within(within(table).getByRole("row", { name: new RegExp(`^${name} `) })).getByRole("cell").textContent.trim();
    expect(length("ocupar a linha")).toBe("0,02 s");
    expect(length("discagem")).toBe("1,20 s");
    expect(length("Até atender")).toMatch(/^\d+,\d\d s\s+por voz$/);
    expect((await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } })).violations.map(({ id }) => id)).toEqual([]);
    await user.click(row(calls.findIndex(({ direction }) => direction === "fxo_to_sip")));
    await waitFor(() => expect(screen.queryByRole("table", { name: "Etapas até atender" })).toBeNull());
  });
});

describe("deleting and exporting", () => {
  it("deletes only what was found, after asking once", async () => {
    const backend = await show("single");
    await grid();
    const forgotten = vi.spyOn(backend.history, "forget");
    await user.type(screen.getByRole("textbox", { name: /^Buscar/ }), "3333-4444");
    await waitFor(() => expect(screen.getByText(/encontrada/)).toBeVisible());
    const found = callList.total ?? 0;
    expect(found).toBeGreaterThan(0);
    await user.click(screen.getByRole("button", { name: "Apagar…" }));
    const dialog = await screen.findByRole("alertdialog");
    expect(forgotten).not.toHaveBeenCalled();
    await user.click(within(dialog).getByRole("button", { name: "Apagar" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(forgotten.mock.calls[0]?.[0].text).toBe("3333-4444");
    await user.click(screen.getByRole("button", { name: "Limpar" }));
    await waitFor(() => expect(screen.getByText(`${40 - found} chamadas`)).toBeVisible());
  });

  it("leaves no deleted call on a card", async () => {
    await show("single");
    await grid();
    const remembered = () => lastCalls.of({ ...live.ports[0]!, last: null });
    await waitFor(() => expect(remembered()).not.toBeNull());
    await user.click(screen.getByRole("button", { name: "Apagar…" }));
    await user.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Apagar" }));
    await waitFor(() => expect(remembered()).toBeNull());
  });

  it("writes a file, tells how far it is, and can be cancelled", async () => {
    await show("lively");
    await grid();
    await user.click(screen.getByRole("button", { name: "Exportar CSV" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "Escolher o arquivo…" }));
    expect(await within(dialog).findByRole("progressbar", { name: "Exportando" })).toBeVisible();
    await user.click(within(dialog).getByRole("button", { name: "Cancelar" }));
    expect(await within(dialog).findByRole("button", { name: "Escolher o arquivo…" })).toBeVisible();
  });

  it.each([
    [{ kind: "disk_full" } as const, /O disco está cheio/],
    [{ kind: "not_writable", detail: "Permission denied" } as const, /Não é possível gravar nesta pasta/],
    [{ kind: "store", error: { code: "database_locked", detail: "" } } as const, /Outro programa está usando/],
  ])("says why there is no file: %o", async (refusal, said) => {
    const backend = await show("single");
    await grid();
    vi.spyOn(backend.history, "export").mockResolvedValue({ ok: false, refusal });
    await user.click(screen.getByRole("button", { name: "Exportar CSV" }));
    await user.click(await screen.findByRole("button", { name: "Escolher o arquivo…" }));
    expect(await screen.findByText(said)).toBeVisible();
  });
});

describe("windows", () => {
  function record(n: number): StoredRecord {
    return {
      id: String(n),
      port: 0,
      direction: "fxo_to_sip",
      from: "1133334444",
      to: "sip:200@pbx.example",
      started_at_ms: 1_790_000_000_000,
      answered_at_ms: null,
      ended_at_ms: 1_790_000_009_000,
      cause: "caller_gave_up",
      evidence: null,
      sip_status: 487,
      timeline: [],
      damaged: false,
    };
  }

  it("are fetched where a person looks, a few at a time, and what is passed over is not", async () => {
    const backend = new FakeBackend("lively");
    const asked = vi.spyOn(backend.history, "window");
    const list = new CallList();
    await list.begin(backend.history);
    expect(asked.mock.calls.map(([, , first]) => first)).toEqual([0]);
    // A fling through the list: only where it comes to rest counts.
    for (let first = 0; first < 90_000; first += 10_000) list.look(first, first + 20, false);
    list.look(50_000, 50_020, false);
    await waitFor(() => expect(list.row(50_010)).toBeDefined());
    expect(asked.mock.calls.length).toBeLessThan(6);
    expect(list.row(30_000)).toBeUndefined();
    list.end();
  });

  it("a list that is left and opened again before the program answered listens once, and in the end no more", async () => {
    const { history } = new FakeBackend("lively");
    let heard = 0;
    vi.spyOn(history, "listen").mockImplementation(() => {
      heard += 1;
      return () => void (heard -= 1);
    });
    const list = new CallList();
    const begun = list.begin(history);
    list.end();
    await Promise.all([begun, list.begin(history)]);
    expect(heard).toBe(1);
    await list.begin(history);
    expect(heard).toBe(1);
    list.end();
    expect(heard).toBe(0);
  });

  it("a new call moves nothing that is being read: a number tells of it", async () => {
    const backend = new FakeBackend("lively");
    const list = new CallList();
    await list.begin(backend.history);
    list.look(5 * WINDOW_ROWS, 5 * WINDOW_ROWS + 20, false);
    await waitFor(() => expect(list.row(5 * WINDOW_ROWS)).toBeDefined());
    const read = list.row(5 * WINDOW_ROWS)?.id;
    const ended = { ...record(1), started_ms: 1, answered_ms: null, ended_ms: 2, cause: "busy", timeline: [] } as unknown as Parameters<FakeBackend["history"]["keep"]>[0];
    for (let n = 0; n < 3; n += 1) backend.history.keep({ ...ended, id: `new-${n}` }, 1_790_000_000_000);
    await waitFor(() => expect(list.fresh).toBe(3));
    expect(list.row(5 * WINDOW_ROWS)?.id).toBe(read);
    expect(list.total).toBe(100_000);
    list.look(0, 20, true);
    await waitFor(() => expect(list.total).toBe(100_003));
    expect(list.row(0)?.id).toBe("new-2");
    expect(list.fresh).toBe(0);
    list.end();
  });

  it("the row a person is at stays with its call when new ones come at the top", async () => {
    const backend = new FakeBackend("lively");
    const list = new CallList();
    await list.begin(backend.history);
    list.active = 4;
    const at = list.row(4)?.id;
    const ended = { ...record(1), id: "new", started_ms: 1, answered_ms: null, ended_ms: 2 } as unknown as Parameters<FakeBackend["history"]["keep"]>[0];
    backend.history.keep(ended, 1_790_000_000_000);
    await waitFor(() => expect(list.total).toBe(100_001));
    expect(list.active).toBe(5);
    expect(list.row(list.active)?.id).toBe(at);
    list.end();
  });

  it("tells a missed call from one that failed, and which setting decided", () => {
    expect(outcome(record(1))).toBe("missed");
    expect(outcome({ ...record(1), cause: "busy" })).toBe("failed");
    expect(outcome({ ...record(1), cause: "busy", answered_at_ms: 5 })).toBe("answered");
    expect(governing({ ...record(1), cause: "no_target", port: 2 })).toBe("ports[2].target");
    expect(governing(record(1))).toBeNull();
  });

  it("days begin at midnight of this computer", () => {
    const now = new Date(2026, 10, 25, 14, 5);
    const today = queryOf({ ...NO_FILTERS, period: { kind: "today" } }, now);
    expect(today.from_epoch_ms).toBe(new Date(2026, 10, 25).getTime());
    const days = queryOf({ ...NO_FILTERS, period: { kind: "days", from: new Date(2026, 10, 1), until: new Date(2026, 10, 3) } }, now);
    expect([days.from_epoch_ms, days.until_epoch_ms]).toEqual([new Date(2026, 10, 1).getTime(), new Date(2026, 10, 4).getTime()]);
  });

  it("the timeline goes from the first sign to the end", () => {
    const told = steps(locale.words, { ...record(1), answered_at_ms: 1_790_000_002_104 });
    expect(told.map((step) => after("en", step.afterMs))).toEqual(["+0.000", "+2.104", "+9.000"]);
  });
});

describe("everybody can use it", () => {
  const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

  it.each(["list", "details", "export", "forget", "empty"] as const)("%s has no violation that axe can see", async (what) => {
    await show(what === "empty" ? "empty" : "lively");
    if (what !== "empty") {
      await grid();
      await waitFor(() => expect(rows().length).toBeGreaterThan(10));
    }
    if (what === "details") await user.click(row(2));
    if (what === "export") await user.click(screen.getByRole("button", { name: "Exportar CSV" }));
    if (what === "forget") await user.click(screen.getByRole("button", { name: "Apagar…" }));
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  }, 60_000);
});
