import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { Words } from "../i18n";
import pt from "../i18n/pt-BR";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { recordedMarks, recordedView, ROUND_MS } from "../lib/ipc/fake/scope";
import { markHue, markWords } from "../lib/marks";
import type { Mark, MarkKind, PortView, Snapshot } from "../lib/ipc/types";
import { bands, columns, flags, lanes, rows, sampleAt, scaleOf } from "../lib/scope/lanes";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { KEPT_MS, MOST_MARKS, peak, traces, type Sample } from "../lib/state/traces.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

vi.setConfig({ testTimeout: 60_000 });

const words = new Words("pt-BR", pt);
const mark = (at_ms: number, what: MarkKind, port = 0): Mark => ({ at_ms, port, what });

const REST: Sample = { at_ms: 0, rx_dbm0: null, tx_dbm0: null, millivolts: 48_000, microamps: 0, off_hook: false, ringing: false, battery: true };
const VIEW = { port: 0, line: "idle", meter: null, millivolts: 48_000, microamps: 0 } as PortView;
const picture = (now_ms: number, view: Partial<PortView> = {}): Snapshot => ({ now_ms, ports: [{ ...VIEW, ...view }] }) as Snapshot;
const meter = (rx_dbm0: number): PortView["meter"] => ({ rx_dbm0, tx_dbm0: -60, sent: 0, received: 0, lost: 0, jitter_ms: 0, buffer_ms: 0, peer_lost: null, round_trip_ms: null });

beforeEach(() => traces.clear());

describe("samples", () => {
  it("keeps a minute and a bit of a line that talks, and not much more", () => {
    for (let at = 0; at < 300_000; at += 100) traces.note(picture(at, { meter: meter(-20) }));
    const samples = traces.samples(0);
    expect(samples.at(-1)?.at_ms).toBe(299_900);
    expect(samples.length).toBeGreaterThan(600);
    expect(samples.length).toBeLessThanOrEqual(800 + 1);
    expect(299_900 - (samples[0]?.at_ms ?? 0)).toBeGreaterThan(60_000);
    expect(299_900 - (samples[0]?.at_ms ?? 0)).toBeLessThan(KEPT_MS * 1.3);
  });

  it("looks once a second at a line at rest, and at once at one that changes", () => {
    for (let at = 0; at < 5_000; at += 100) traces.note(picture(at));
    expect(traces.samples(0)).toHaveLength(5);
    traces.note(picture(5_050, { line: "ringing" }));
    expect(traces.samples(0).at(-1)).toMatchObject({ at_ms: 5_050, ringing: true });
  });

  it("forgets the lines of a box that is gone", () => {
    traces.note(picture(0));
    traces.note({ now_ms: 100, ports: [] } as unknown as Snapshot);
    expect(traces.samples(0)).toEqual([]);
  });

  it("joins what the program remembers with what it told, and keeps it bounded", () => {
    traces.mark([mark(2, { kind: "voice" }), mark(3, { kind: "flash" })]);
    traces.recall(0, [mark(1, { kind: "dialed" }), mark(2, { kind: "voice" })]);
    expect(traces.marks(0).map(({ at_ms }) => at_ms)).toEqual([1, 2, 3]);
    for (let n = 0; n < 2_000; n += 1) traces.mark([mark(10 + n, { kind: "flash" })]);
    expect(traces.marks(0).length).toBeLessThanOrEqual(MOST_MARKS + 1);
    expect(traces.marks(0).at(-1)?.at_ms).toBe(2_009);
  });
});

describe("marks that somebody keeps", () => {
  it("stay however old they become, and go when nobody keeps them any more", () => {
    traces.mark([mark(1_000, { kind: "flash" }), mark(5_000, { kind: "seizing" })]);
    const end = traces.keepMarks(0, 4_850);
    traces.mark([mark(300_000, { kind: "voice" })]);
    expect(traces.marks(0).map(({ at_ms }) => at_ms)).toEqual([5_000, 300_000]);
    end();
    traces.mark([mark(301_000, { kind: "flash" })]);
    expect(traces.marks(0).map(({ at_ms }) => at_ms)).toEqual([300_000, 301_000]);
  });
});

describe("the held peak", () => {
  const levels = [{ ...REST, at_ms: 1_000, rx_dbm0: -10 }, { ...REST, at_ms: 1_200, rx_dbm0: -40 }];
  const rx = (sample: Sample): number | null => sample.rx_dbm0;

  it("stands for a second and a half, then falls 20 dB a second", () => {
    expect(peak(levels, rx, 1_200)).toBe(-10);
    expect(peak(levels, rx, 2_500)).toBe(-10);
    expect(peak(levels, rx, 3_000)).toBe(-20);
    expect(peak(levels, rx, 4_000)).toBe(-40);
  });

  it("is none where no audio flows", () => expect(peak([...levels, REST], rx, 1_300)).toBeNull());
});

describe("lanes", () => {
  it("share the height without overlapping, and each scale puts its lane where it belongs", () => {
    const all = lanes(400, { volts: true, current: true });
    expect(all.map(({ name }) => name)).toEqual(["levels", "volts", "current"]);
    for (let n = 1; n < all.length; n += 1) expect(all[n]!.top).toBeGreaterThan(all[n - 1]!.bottom);
    for (const lane of all) {
      const [least, greatest] = scaleOf(lane, 400);
      const y = (value: number): number => 400 - ((value - least) / (greatest - least)) * 400;
      expect(y(lane.highest)).toBeCloseTo(lane.top);
      expect(y(lane.lowest)).toBeCloseTo(lane.bottom);
    }
    expect(lanes(400, { volts: false, current: false }).map(({ name }) => name)).toEqual(["levels"]);
  });

  it("break a trace where nothing was seen, and hold the last look to the edge", () => {
    const samples = [REST, { ...REST, at_ms: 1_000 }, { ...REST, at_ms: 9_000, millivolts: -47_000 }];
    const [at, , , volts] = columns(samples, { from_ms: 0, to_ms: 10_000 });
    expect(at).toEqual([0, 1, 1.001, 9, 10]);
    expect(volts).toEqual([48, 48, null, 47, 47]);
  });

  it("find the sample that holds at a moment", () => {
    const samples = [REST, { ...REST, at_ms: 1_000 }];
    expect(sampleAt(samples, 999)?.at_ms).toBe(0);
    expect(sampleAt(samples, -1)).toBeUndefined();
  });
});

describe("bands", () => {
  const stretch = { from_ms: 1_000, to_ms: 11_000 };

  it("tell to the millisecond when the line rang, was off hook and reversed", () => {
    const marks = [
      mark(2_000, { kind: "ring_on", frequency_hz: 25 }),
      mark(3_000, { kind: "ring_off", on_ms: 1000 }),
      mark(4_000, { kind: "hook", off_hook: true }),
      mark(5_000, { kind: "polarity", forward: false }),
      mark(6_000, { kind: "polarity", forward: true }),
    ];
    expect(bands(marks, [], stretch)).toEqual({
      ring: [{ from_ms: 2_000, to_ms: 3_000 }],
      hook: [{ from_ms: 4_000, to_ms: 11_000 }],
      polarity: [{ from_ms: 5_000, to_ms: 6_000 }],
    });
  });

  it("know what was so before the stretch", () => {
    expect(bands([mark(500, { kind: "hook", off_hook: true })], [], stretch).hook).toEqual([stretch]);
    expect(bands([], [{ ...REST, at_ms: 1_100, off_hook: true }], stretch).hook).toEqual([stretch]);
    expect(bands([mark(1_400, { kind: "ring_off", on_ms: 1000 })], [], stretch).ring).toEqual([{ from_ms: 1_000, to_ms: 1_400 }]);
    expect(bands([mark(1_400, { kind: "hook", off_hook: false })], [{ ...REST, at_ms: 900, off_hook: true }], stretch).hook).toEqual([]);
  });
});

describe("flags", () => {
  const busy = (cycles: number): MarkKind => ({ kind: "tone", tone: "busy", frequency_hz: 425, level_dbm0: -17, cycles });

  it("make one of a tone that goes on", () => {
    const told = flags([mark(1, busy(1)), mark(2, busy(2)), mark(3, { kind: "flash" }), mark(4, busy(1))], { from_ms: 0, to_ms: 9 });
    expect(told).toEqual([{ at_ms: 1, what: busy(2) }, { at_ms: 3, what: { kind: "flash" } }, { at_ms: 4, what: busy(1) }]);
  });

  it("never overlap; what has no room stays a tick", () => {
    const places = [0, 5, 10, 15].map((x) => ({ x, width: 30 }));
    expect(rows(places, 3)).toEqual([0, 1, 2, -1]);
    expect(rows([...places, { x: 31, width: 9 }], 3).at(-1)).toBe(0);
  });

  it("every mark of the recorded minute has words and a colour", () => {
    const marks = recordedMarks(0, 0, ROUND_MS);
    expect(marks.length).toBeGreaterThan(20);
    for (const { what } of marks) {
      expect(markWords(words, what)).not.toMatch(/^mark\.|^[a-z_]+$|\{/);
      expect(markHue(what)).not.toBe("");
    }
    expect(markWords(words, { kind: "ring_on", frequency_hz: null })).toBe("toque");
    expect(markWords(words, busy(3))).toBe("tom de ocupado: 425 Hz, −17 dBm0, 3 ciclos");
  });

  it("the recording tells each mark once, whatever the steps", () => {
    const inOne = recordedMarks(1, 0, 2 * ROUND_MS);
    const inMany = Array.from({ length: 1_200 }, (_, n) => recordedMarks(1, n * 100, n * 100 + 100)).flat();
    expect(inMany).toEqual(inOne);
    expect(recordedView(VIEW, 30_000).state).toBe("talking");
  });
});

const user = userEvent.setup();

async function show(scene: Scene, port: number | null): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.go("overview");
  route.exchange = false;
  route.showScope(port);
  // The recording stands still where its past minute ends, so that a slow machine paints it once.
  const now = Date.now();
  const backend = new FakeBackend(scene, scene === "call" ? () => now : Date.now);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

describe("in the window", () => {
  afterEach(cleanup);

  it("the scope of a port tells its minute in a table, too", async () => {
    await show("call", 0);
    expect(await screen.findByRole("application", { name: /^Último minuto da porta 1/ })).toBeVisible();
    const table = await screen.findByRole("table", { name: "Marcas do último minuto" }, { timeout: 10_000 });
    expect(within(table).getByText("atendida: pelo destino SIP")).toBeInTheDocument();
    expect(within(table).getByText(/^tom de ocupado: 425 Hz, .* 3 ciclos$/)).toBeInTheDocument();
    expect(location.hash).toBe("#overview?port=1");
    await user.click(screen.getByRole("button", { name: "Todas as portas" }));
    expect(screen.getAllByRole("article")).toHaveLength(2);
    expect(location.hash).toBe("#overview");
  });

  it("asks once what was seen before, and not with every picture", async () => {
    const backend = await show("eight", 0);
    const asked = vi.spyOn(backend, "recentMarks");
    route.showScope(1);
    await screen.findByRole("application", { name: /^Último minuto da porta 2/ });
    const told = live.snapshot;
    await waitFor(() => expect((live.snapshot?.now_ms ?? 0) - (told?.now_ms ?? 0)).toBeGreaterThan(500), { timeout: 10_000 });
    expect(asked.mock.calls).toEqual([[1]]);
  });

  it("freezes by keyboard, and two cursors measure a time", async () => {
    await show("call", 0);
    const plot = await screen.findByRole("application");
    plot.focus();
    await user.keyboard(" ");
    expect(screen.getByRole("button", { name: "Retomar" })).toHaveAttribute("aria-pressed", "true");
    await user.keyboard("{ArrowLeft}{Shift>}{ArrowLeft}{ArrowLeft}{/Shift}");
    await user.keyboard("{Alt>}{ArrowLeft}{/Alt}");
    expect(screen.getByText("Δt 2,000 s")).toBeVisible();
    await user.keyboard("{Escape}");
    expect(screen.queryByText(/^Δt/)).toBeNull();
    await user.keyboard(" ");
    expect(screen.getByRole("button", { name: "Congelar" })).toHaveAttribute("aria-pressed", "false");
  });

  it("frozen, it keeps what it shows while the traces forget", async () => {
    await show("call", 0);
    const table = await screen.findByRole("table", { name: "Marcas do último minuto" }, { timeout: 10_000 });
    await within(table).findByText("atendida: pelo destino SIP");
    await user.click(screen.getByRole("button", { name: "Congelar" }));
    const shown = (): unknown[] => [screen.queryAllByRole("row").length, document.querySelector(".readout")?.textContent];
    const before = shown();
    const [sample, last] = [traces.samples(0).at(-1), traces.marks(0).at(-1)];
    expect(sample && last).toBeDefined();
    traces.note(picture((sample?.at_ms ?? 0) + 200_000, { meter: meter(-3) }));
    traces.mark([{ ...last!, at_ms: last!.at_ms + 200_000 }]);
    await tick();
    expect(shown()).toEqual(before);
  });

  it("a line is tested from its card, and what is heard is told live", async () => {
    const backend = await show("quiet", null);
    const ordered = vi.spyOn(backend, "command");
    const card = within(screen.getByRole("article", { name: /^Porta 2/ }));
    await user.click(card.getByRole("button", { name: "Testar linha" }));
    // Without a layout the pop-up never gets its place, and stays hidden, and hidden things have no names.
    const test = within(await screen.findByLabelText("Teste da porta 2"));
    const button = (words: string): HTMLElement => test.getByText(words, { selector: "button" });
    await user.click(test.getByLabelText("Chamar um número"));
    await user.type(test.getByLabelText("Número (opcional)"), "1a");
    expect(test.getByText("Só dígitos, * e #.")).toBeInTheDocument();
    expect(button("Testar")).toBeDisabled();
    await user.clear(test.getByLabelText("Número (opcional)"));
    await user.type(test.getByLabelText("Número (opcional)"), "101");
    await user.click(button("Testar"));
    expect(ordered).toHaveBeenCalledWith({ do: "test_call", port: 1, number: "101" });
    expect(await test.findByText("tom de discar: 425 Hz, −13 dBm0", {}, { timeout: 10_000 })).toBeInTheDocument();
    expect(await test.findByText("discando 101", {}, { timeout: 10_000 })).toBeInTheDocument();
    await waitFor(() => expect(test.getByText(/^fim: /)).toBeInTheDocument(), { timeout: 20_000 });
    traces.mark([mark(Date.now() + 200_000, { kind: "flash" }, 1)]);
    await tick();
    expect(test.getByText("discando 101")).toBeInTheDocument();
    expect((await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations).toEqual([]);
  });

  it("has nothing that axe finds serious", async () => {
    await show("call", 0);
    await screen.findByRole("table", { name: "Marcas do último minuto" });
    const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
  });
});
