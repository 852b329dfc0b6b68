import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { Words } from "../i18n";
import en from "../i18n/en";
import { Refused } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import type { DeviceChoice, DeviceTrace, TraceLine } from "../lib/ipc/types";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { KEPT_LINES, WireTrace } from "../lib/state/wire_trace.svelte";
import { asText, NO_FILTER, portsOf, shows } from "../lib/wire_trace";
import { pages } from "../pages/pages.svelte";

beforeAll(() => pages.readAll());

const user = userEvent.setup();
const MODEMS: DeviceChoice = { kind: "modems", paths: ["/dev/ttyACM2", "/dev/ttyACM4"] };

async function show(choice?: DeviceChoice, scene: Scene = "quiet"): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.go("devices");
  const backend = new FakeBackend(scene);
  if (choice) await backend.chooseDevice(choice);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const wire = (path: string): HTMLElement => document.querySelector<HTMLElement>(`[data-wire="${path}"]`)!;
const piece = (number: number, port: number | null, direction: "to_device" | "from_device", text = "PING"): TraceLine => ({
  number,
  at_ms: number,
  port,
  what: { kind: "piece", direction, sound: false, text, hex: "0a" },
});
const OPENED: TraceLine = { number: 0, at_ms: 0, port: null, what: { kind: "opened" } };

describe("the wires of the box in use", () => {
  it("have a row each, with its own fault, its disconnects and its counters", async () => {
    await show(MODEMS);
    const [lost, worn] = [within(wire("/dev/ttyACM2")), within(wire("/dev/ttyACM4"))];
    expect(lost.getByText("Porta 1")).toBeVisible();
    expect(lost.getByText("sem permissão")).toBeVisible();
    expect(lost.getByText("nenhuma desconexão")).toBeVisible();
    expect(worn.getByText("CX93001 · responde")).toBeVisible();
    expect(worn.getByText(/^7 desconexões/)).toHaveTextContent("7 desconexões · última: desconectada, há 3 min.");
    expect(worn.getByText("Erros de soma").nextElementSibling).toHaveTextContent("2");
    expect(worn.getAllByRole("definition")).toHaveLength(8);
  });

  it("may have the same name: one that is lost keeps its old name, which another has by now", async () => {
    await show({ kind: "modems", paths: ["/dev/ttyACM2", "/dev/ttyACM2"] });
    const names = [...document.querySelectorAll<HTMLElement>('[data-wire="/dev/ttyACM2"] .name')].map(({ textContent }) => textContent);
    expect(names).toEqual(["Porta 1", "Porta 2"]);
    const hints = within(await screen.findByRole("region", { name: "O que resolve" }));
    expect(hints.getAllByRole("button")).toHaveLength(2);
  });

  it("of one box have no name of their own", async () => {
    await show();
    expect(within(wire("virtual")).queryByText("Porta 1")).toBeNull();
    expect(within(wire("virtual")).getByText("nenhuma desconexão")).toBeVisible();
  });
});

describe("what helps a box that does not open", () => {
  it("is the rule of this very device, or the group, each to be copied", async () => {
    const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await show({ kind: "modems", paths: ["/dev/ttyACM2"] });
    const hints = within(await screen.findByRole("region", { name: "O que resolve" }));
    expect(hints.getByText(/60-loopstart\.rules/)).toBeVisible();
    await user.click(hints.getByRole("button", { name: "Copiar: a regra" }));
    expect(written.mock.calls[0]?.[0]).toContain('ATTRS{idVendor}=="0572", ATTRS{idProduct}=="1329"');
    await user.click(hints.getByRole("button", { name: "Copiar: o comando" }));
    expect(written.mock.calls[1]?.[0]).toBe('sudo usermod -aG dialout "$USER"');
    const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it("is not there where nothing has to be helped", async () => {
    await show();
    expect(screen.queryByRole("region", { name: "O que resolve" })).toBeNull();
  });
});

describe("a box", () => {
  it("is taken and let go on the page, and the virtual one is always offered", async () => {
    const backend = await show({ kind: "serial", path: "/dev/ttyACM3" });
    const chosen = vi.spyOn(backend, "chooseDevice");
    await user.click(screen.getByRole("button", { name: "Deixar de usar" }));
    expect(chosen).toHaveBeenLastCalledWith({ kind: "none" });
    await waitFor(() => expect(screen.queryByRole("button", { name: "Deixar de usar" })).toBeNull());
    const virtual = await waitFor(() => document.querySelector<HTMLElement>('[data-box="virtual"]')!);
    await user.click(within(virtual).getByRole("button", { name: "Usar" }));
    expect(chosen).toHaveBeenLastCalledWith({ kind: "virtual", ports: 2 });
    expect(await screen.findByRole("button", { name: "Deixar de usar" })).toBeVisible();
  });

  it("that carries a call is let go only after a person agrees", async () => {
    const backend = await show(undefined, "lively");
    const chosen = vi.spyOn(backend, "chooseDevice");
    await user.click(screen.getByRole("button", { name: "Deixar de usar" }));
    expect(await screen.findByRole("alertdialog")).toBeVisible();
    expect(chosen).not.toHaveBeenCalled();
  });
});

describe("the raw trace", () => {
  const panel = (): ReturnType<typeof within> => within(document.querySelector<HTMLElement>("section[aria-labelledby=trace-title]")!);
  const rows = (): HTMLElement[] => panel().queryAllByRole("row");

  it("is asked for only while somebody looks, filtered, held and copied", async () => {
    const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const backend = await show();
    const asked = vi.spyOn(backend, "deviceTrace");
    expect(panel().queryByRole("table")).toBeNull();
    expect(asked).not.toHaveBeenCalled();
    await user.click(panel().getByRole("button", { name: "Mostrar o registro" }));
    await waitFor(() => expect(rows().length).toBeGreaterThan(100));
    expect(panel().getByText(/mais antigas descartadas/)).toBeVisible();

    await user.click(panel().getByRole("button", { name: "Pausar" }));
    const held = rows().length;
    panel().getByLabelText("Sentido: Ambos os sentidos").focus();
    await user.keyboard("Da c");
    await waitFor(() => expect(rows().length).toBeLessThan(held));
    expect(rows().every((row) => row.textContent?.includes("←"))).toBe(true);
    panel().getByLabelText("Porta: Todas as portas").focus();
    await user.keyboard("Caixa");
    await waitFor(() => expect(rows().every((row) => !row.textContent?.includes("HOOK"))).toBe(true));
    await user.click(panel().getByRole("button", { name: "Copiar" }));
    expect(written.mock.calls[0]?.[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3}\t←\t-\t(response PING|wrong checksum)/);
    expect(written.mock.calls[0]?.[0].trimEnd().split("\n")).toHaveLength(rows().length);

    await user.click(panel().getByRole("button", { name: "Ocultar" }));
    const before = asked.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(asked.mock.calls.length).toBe(before);
  }, 30_000);

  it("is saved with a remark of what it may hold, and says where", async () => {
    const backend = await show();
    const saved = vi.spyOn(backend, "exportTrace");
    await user.click(panel().getByRole("button", { name: "Mostrar o registro" }));
    const save = panel().getByRole("button", { name: "Salvar em arquivo…" });
    await waitFor(() => expect(save).toBeEnabled());
    await user.click(save);
    expect(await panel().findByText(/linhas salvas: .*loopstart-trace-\d{4}-\d\d-\d\d\.txt/)).toBeVisible();
    expect(saved.mock.calls[0]?.[1]).toContain("Pode conter números de quem ligou");
    saved.mockResolvedValue({ ok: false, refusal: "disk_full" });
    await user.click(save);
    expect(await panel().findByText(/O disco está cheio/)).toBeVisible();
  });

  it("stays when the box is given another name, and goes when it is another box, even while it is paused", async () => {
    const backend = await show();
    const lines = [OPENED, piece(1, 0, "to_device"), piece(2, 1, "to_device")];
    const told = (since: number, after: number | null): DeviceTrace => {
      return { lines: lines.filter(({ number }) => number >= since && number > (after ?? -1)), since, dropped: 0, sound_frames: 0 };
    };
    let since = 0;
    const asked = vi.spyOn(backend, "deviceTrace").mockImplementation(({ after }) => Promise.resolve(told(since, after)));
    await user.click(panel().getByRole("button", { name: "Mostrar o registro" }));
    await waitFor(() => expect(rows()).toHaveLength(3));
    await user.click(panel().getByRole("button", { name: "Pausar" }));
    panel().getByLabelText("Porta: Todas as portas").focus();
    await user.keyboard("Porta 2");
    await waitFor(() => expect(rows()).toHaveLength(2));

    asked.mockClear();
    await backend.chooseDevice({ kind: "serial", path: "/dev/ttyACM3" });
    await waitFor(() => expect(asked).toHaveBeenCalled());
    await new Promise((resolve) => setTimeout(resolve));
    expect(rows()).toHaveLength(2);

    since = 3;
    lines.push(piece(3, null, "from_device"));
    await backend.chooseDevice({ kind: "serial", path: "/dev/ttyACM0" });
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(panel().getByLabelText("Porta: Todas as portas")).toBeVisible();
  });

  it("says why the program tells nothing", async () => {
    const backend = await show();
    vi.spyOn(backend, "deviceTrace").mockRejectedValue(new Refused("busy"));
    await user.click(panel().getByRole("button", { name: "Mostrar o registro" }));
    expect(await panel().findByText("O registro não pôde ser lido: a caixa está ocupada; tente de novo.")).toBeVisible();
  });

  it("is not offered without a box", async () => {
    await show({ kind: "none" });
    expect(document.querySelector("section[aria-labelledby=trace-title]")).toBeNull();
  });
});

describe("lines of a trace", () => {
  it("are filtered by direction and port, but for what happened to the wire itself", () => {
    const line = piece(1, 0, "to_device");
    expect(shows(NO_FILTER, line)).toBe(true);
    expect(shows({ way: "from_device", port: "any" }, line)).toBe(false);
    expect(shows({ way: "to_device", port: 0 }, line)).toBe(true);
    expect(shows({ way: "any", port: null }, line)).toBe(false);
    expect(shows({ way: "any", port: null }, piece(2, null, "to_device"))).toBe(true);
    expect(shows({ way: "from_device", port: 3 }, OPENED)).toBe(true);
    expect(portsOf([OPENED, piece(1, 2, "to_device"), piece(2, 0, "to_device"), piece(3, null, "to_device")])).toEqual([null, 0, 2]);
    expect(portsOf([OPENED])).toEqual([]);
  });

  it("are copied with tabs", () => {
    const words = new Words("en", en);
    const lost: TraceLine = { number: 2, at_ms: 70, port: 1, what: { kind: "lost", fault: "unplugged" } };
    const text = asText(words, [OPENED, piece(1, null, "from_device"), lost], (at) => new Date(2026, 10, 25, 14, 5, 11, at));
    expect(text).toBe("14:05:11.000\t=\t-\topened\n14:05:11.001\t←\t-\tPING\t0a\n14:05:11.070\t=\t2\tlost: unplugged\n");
  });

  it("are kept up to a bound, and those of another box go", async () => {
    const backend = new FakeBackend("quiet");
    const told = (lines: TraceLine[]): DeviceTrace => ({ lines, since: 0, dropped: 3, sound_frames: 9 });
    const asked = vi.spyOn(backend, "deviceTrace");
    asked.mockResolvedValueOnce(told(Array.from({ length: KEPT_LINES + 5 }, (_, number) => piece(number, 0, "to_device"))));
    const trace = new WireTrace(backend);
    await trace.ask();
    expect([trace.lines.length, trace.lines[0]?.number, trace.dropped, trace.soundFrames]).toEqual([KEPT_LINES, 5, 3, 9]);
    asked.mockResolvedValueOnce(told([piece(KEPT_LINES + 5, 0, "to_device")]));
    await trace.ask();
    expect(asked).toHaveBeenLastCalledWith({ after: KEPT_LINES + 4, sound: false });
    const other = piece(KEPT_LINES + 8, 0, "to_device");
    asked.mockResolvedValueOnce({ lines: [other], since: KEPT_LINES + 6, dropped: 0, sound_frames: 0 });
    await trace.ask();
    expect([trace.lines, trace.dropped, trace.soundFrames]).toEqual([[other], 0, 0]);
  });
});
