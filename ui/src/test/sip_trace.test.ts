import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { Words } from "../i18n";
import en from "../i18n/en";
import { Refused } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import type { SipMessages } from "../lib/ipc/sip_trace";
import type { SipMessage, SipTrace, SipTraceQuery } from "../lib/ipc/types";
import { asText, callsOf, exchangeOf, exchangeOfCall, fullTitle, ladder, NO_SIP_FILTER, peersOf, portsOf, remarks, shows, tone } from "../lib/sip_trace";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { KEPT_MESSAGES, SipTraceView } from "../lib/state/sip_trace.svelte";
import { pages } from "../pages/pages.svelte";

beforeAll(() => pages.readAll());

const user = userEvent.setup();
// Whole pages are painted here; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

const words = new Words("en", en);
const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const said = (number: number, more: Partial<SipMessage> = {}): SipMessage => ({
  number,
  at_ms: 1000 + number * 10,
  direction: "in",
  transport: "udp",
  peer: "192.0.2.10:5060",
  method: "INVITE",
  status: null,
  reason: "",
  call_id: "a",
  from: "sip:1133334444@gw",
  to: "sip:200@pbx.example",
  port: 0,
  call: "00ff",
  repeats: null,
  dropped: null,
  text: "INVITE sip:200@pbx.example SIP/2.0\r\nCall-ID: a\r\n\r\n",
  cut_bytes: 0,
  ...more,
});

const trace = (messages: SipMessage[], more: Partial<SipTrace> = {}): SipTrace => ({ messages, owners: [], owners_told: 0, gone: 0, ...more });

describe("messages", () => {
  const answer = said(1, { direction: "out", status: 486, reason: "Busy Here" });
  const stranger = said(2, { method: "", call_id: "", call: null, port: null, peer: "198.51.100.7:5060", dropped: { why: "malformed", defect: "not SIP" }, text: "hello" });
  const register = said(3, { method: "REGISTER", call_id: "r", call: null, port: 1 });

  it("say what they are, how it came out, and what is special about them", () => {
    expect([said(0), answer, stranger].map((one) => fullTitle(words, one))).toEqual(["INVITE", "486 Busy Here · INVITE", "(not SIP)"]);
    const tones = [null, 180, 401, 487, 204, 486].map((status) => tone(said(0, { status })));
    expect(tones).toEqual(["request", "progress", "progress", "progress", "success", "failure"]);
    expect(remarks(words, said(4, { repeats: 0, dropped: { why: "source_unknown" } }))).toBe("repeated · dropped: source not admitted");
    expect(remarks(words, stranger)).toBe("dropped: malformed (not SIP)");
    expect(remarks(words, answer)).toBe("");
  });

  it("are looked for by text, port, call and peer", () => {
    const all = [said(0), answer, stranger, register];
    const found = (filter: Partial<typeof NO_SIP_FILTER>): number[] => all.filter((one) => shows({ ...NO_SIP_FILTER, ...filter }, one)).map(({ number }) => number);
    expect(found({})).toEqual([0, 1, 2, 3]);
    expect(found({ text: " HELLO " })).toEqual([2]);
    expect(found({ port: 1 })).toEqual([3]);
    expect(found({ port: null })).toEqual([2]);
    expect(found({ call: exchangeOfCall("00ff") })).toEqual([0, 1]);
    expect(found({ peer: "198.51.100.7:5060" })).toEqual([2]);
    expect(portsOf(all)).toEqual([0, 1, null]);
    expect(peersOf(all)).toEqual(["192.0.2.10:5060", "198.51.100.7:5060"]);
    expect(callsOf([...all, said(9, { call: "0100", call_id: "b" })]).map(({ number }) => number)).toEqual([9, 0]);
  });

  it("belong to their call with all its legs, else to their Call-ID, else to nothing", () => {
    expect(exchangeOf(said(0, { call_id: "b" }))).toBe(exchangeOf(said(1)));
    expect(exchangeOf(register)).toBe("id:r");
    expect(exchangeOf(stranger)).not.toBe(exchangeOf({ ...stranger, number: 7 }));
  });

  it("become a ladder: a column for each peer, the gateway last, and the time since the first", () => {
    const second = said(1, { direction: "out", peer: "192.0.2.11:5060", call_id: "b" });
    const { peers, rungs } = ladder([register, said(0), second, said(2)], exchangeOfCall("00ff"));
    expect(peers).toEqual(["192.0.2.10:5060", "192.0.2.11:5060"]);
    expect(rungs.map(({ afterMs, left, right, toRight }) => [afterMs, left, right, toRight])).toEqual([
      [0, 0, 2, true],
      [10, 1, 2, false],
      [20, 0, 2, true],
    ]);
    expect(ladder([], "call:none")).toEqual({ peers: [], rungs: [] });
  });

  it("are written with a line above each that says when, which way and whose", () => {
    const text = asText(words, [answer, stranger], (at_ms) => new Date(2026, 10, 25, 14, 5, 0, at_ms));
    expect(text).toContain("# 14:05:01.010 · went to 192.0.2.10:5060 · UDP · Port 1 · 00ff\nINVITE sip:200@pbx.example SIP/2.0\r\nCall-ID: a\n");
    expect(text).toContain("# 14:05:01.020 · came from 198.51.100.7:5060 · UDP · 00ff".replace(" · 00ff", " · dropped: malformed (not SIP)\nhello\n"));
  });
});

describe("the trace of them", () => {
  const program = (...answers: (SipTrace | Error)[]): SipMessages & { asked: SipTraceQuery[] } => {
    const asked: SipTraceQuery[] = [];
    return {
      asked,
      ask: (query) => {
        asked.push(query);
        const next = answers.shift() ?? trace([]);
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
      },
      choosePath: () => Promise.resolve(null),
      export: () => Promise.resolve({ ok: true, value: 0 }),
    };
  };

  it("asks only for what is new, and keeps the newest", async () => {
    const many = Array.from({ length: KEPT_MESSAGES }, (_, index) => said(index + 2));
    const from = program(trace([said(0), said(1)], { owners_told: 7 }), trace(many, { gone: 2 }));
    const view = new SipTraceView(from);
    await view.ask();
    await view.ask();
    expect(from.asked).toEqual([
      { after: null, owners_after: null },
      { after: 1, owners_after: 7 },
    ]);
    expect([view.messages.length, view.messages[0]?.number, view.gone]).toEqual([KEPT_MESSAGES, 2, 2]);
  });

  it("learns later whose a message is", async () => {
    const unowned = { port: null, call: null };
    const view = new SipTraceView(program(trace([said(0, unowned), said(1, { ...unowned, call_id: "b" })]), trace([], { owners: [{ call_id: "a", port: 3, call: "0a" }] })));
    await view.ask();
    await view.ask();
    expect(view.messages.map(({ port, call }) => [port, call])).toEqual([
      [3, "0a"],
      [null, null],
    ]);
  });

  it("stands still while it is paused, and says why the program told nothing", async () => {
    const from = program(new Refused("stopped"), trace([said(0)]));
    const view = new SipTraceView(from);
    await view.ask();
    expect(view.refused).toBeInstanceOf(Refused);
    view.paused = true;
    await view.ask();
    expect(view.messages).toEqual([]);
    await view.ask(true);
    expect([view.messages.length, view.refused]).toEqual([1, null]);
  });
});

describe("the panel", () => {
  async function show(scene: Scene = "lively", page: "diagnostics" | "calls" = "diagnostics"): Promise<FakeBackend> {
    live.snapshot = null;
    live.notices = [];
    locale.choose("pt-BR");
    route.go(page);
    const backend = new FakeBackend(scene);
    render(App, { backend: Promise.resolve(backend) });
    await screen.findByRole("heading", { level: 1 });
    return backend;
  }

  const panel = (): ReturnType<typeof within> => within(screen.getByRole("region", { name: "Mensagens SIP" }));
  const rows = (): HTMLElement[] => panel().getAllByRole("option");

  async function open(): Promise<void> {
    await user.click(panel().getByRole("button", { name: "Mostrar as mensagens" }));
    await waitFor(() => expect(rows().length).toBeGreaterThan(10));
  }

  it("asks nothing of the program before it is opened, and teaches while there is nothing", async () => {
    const backend = await show("empty");
    const asked = vi.spyOn(backend.sipTrace, "ask");
    expect(asked).not.toHaveBeenCalled();
    await user.click(panel().getByRole("button", { name: "Mostrar as mensagens" }));
    expect(await panel().findByText(/^Nada ainda\. Cada mensagem SIP/)).toBeVisible();
    expect(panel().getByRole("button", { name: "Copiar" })).toBeDisabled();
  });

  it("lists messages, finds them by text, and clears a filter that finds none", async () => {
    await show();
    await open();
    const all = rows().length;
    const search = panel().getByRole("searchbox", { name: "Procurar nas mensagens" });
    await user.type(search, "zgrab");
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(rows()[0]).toHaveTextContent("(não é SIP)");
    expect(rows()[0]).toHaveTextContent("descartada: malformada (not SIP)");
    await user.type(search, "???");
    expect(await panel().findByText("Nenhuma mensagem combina com o filtro.")).toBeVisible();
    await user.click(panel().getByRole("button", { name: "Limpar o filtro" }));
    expect(rows().length).toBeGreaterThanOrEqual(all);
  });

  it("chooses with the arrows, draws the ladder with Enter, and comes back with Escape", async () => {
    await show();
    await open();
    const list = panel().getByRole("listbox", { name: "Mensagens SIP" });
    list.focus();
    await user.keyboard("{Home}{ArrowDown}{ArrowDown}");
    const chosen = panel().getByRole("option", { selected: true });
    expect(list).toHaveAttribute("aria-activedescendant", chosen.id);
    const text = panel().getByRole("region", { name: "Texto da mensagem" });
    expect(text).toHaveTextContent(/SIP\/2\.0/);
    await user.keyboard("{Enter}");
    const drawn = await panel().findByRole("listbox", { name: /^Diagrama: / });
    await waitFor(() => expect(drawn).toHaveFocus());
    expect(within(drawn).getByText("Gateway")).toBeVisible();
    expect(rows()[0]).toHaveTextContent("+0,000");
    await user.keyboard("{Escape}");
    await waitFor(() => expect(panel().getByRole("listbox", { name: "Mensagens SIP" })).toHaveFocus());
  });

  it("is reached from a call, with its legs and what was sent again", async () => {
    await show("lively", "calls");
    const backend = live.backend as FakeBackend;
    const forked = backend.history.newest(6).find(({ direction, answered_at_ms }) => direction === "fxo_to_sip" && answered_at_ms !== null);
    route.go("diagnostics", forked!.id);
    await screen.findByRole("region", { name: "Mensagens SIP" });
    const drawn = await panel().findByRole("listbox", { name: /^Diagrama: / });
    await waitFor(() => expect(within(drawn).getAllByRole("option").length).toBeGreaterThan(10));
    expect(within(drawn).getByTitle("[2001:db8:85a3:8d3:1319:8a2e:370:7348]:50620")).toBeVisible();
    expect(within(drawn).getAllByText("repetida").length).toBe(1);
    expect(panel().getByRole("option", { selected: true })).toHaveTextContent("INVITE");
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it("says so when nothing of a call is kept any more", async () => {
    await show();
    route.go("diagnostics", "f".repeat(32));
    expect(await panel().findByText(/^Desta chamada nada está guardado aqui/)).toBeVisible();
    await user.click(panel().getByRole("button", { name: "Todas as mensagens" }));
    await waitFor(() => expect(rows().length).toBeGreaterThan(10));
  });

  it("copies and saves what is shown, and says where it is", async () => {
    const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const backend = await show();
    await open();
    const exported = vi.spyOn(backend.sipTrace, "export");
    await user.type(panel().getByRole("searchbox"), "zgrab");
    await waitFor(() => expect(rows()).toHaveLength(1));
    await user.click(panel().getByRole("button", { name: "Copiar" }));
    expect(written.mock.calls[0]?.[0]).toContain("GET / HTTP/1.1");
    await user.click(panel().getByRole("button", { name: "Salvar em arquivo…" }));
    expect(await panel().findByText(/^1 mensagem salva: /)).toBeVisible();
    expect(exported).toHaveBeenCalledWith(expect.stringContaining("loopstart-sip-"), expect.stringContaining("Senhas e chaves são asteriscos"), [0]);
    exported.mockResolvedValue({ ok: false, refusal: "disk_full" });
    await user.click(panel().getByRole("button", { name: "Salvar em arquivo…" }));
    expect(await panel().findByText(/^O disco está cheio/)).toBeVisible();
  });

  it("has no violation that axe can see", async () => {
    await show("trouble");
    await open();
    await user.click(rows()[3]!);
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
});

describe("the details of a call", () => {
  it("lead to its ladder", async () => {
    live.snapshot = null;
    locale.choose("pt-BR");
    route.go("calls");
    render(App, { backend: Promise.resolve(new FakeBackend("lively")) });
    await screen.findByRole("heading", { level: 1 });
    const [newest] = (live.backend as FakeBackend).history.newest(1);
    route.go("calls", newest!.id);
    await user.click(await screen.findByRole("button", { name: "Ver o diagrama SIP" }));
    expect(route.page).toBe("diagnostics");
    expect(await screen.findByRole("listbox", { name: /^Diagrama: / })).toBeVisible();
  });
});
