import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { FakeBackend } from "../lib/ipc/fake";
import { toyTable } from "../lib/ipc/fake/table";
import type { Analysis, CadencePart, LeadingTone } from "../lib/ipc/types";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { STALE_MS, tones } from "../lib/state/tones.svelte";
import { bandOf, cadence, HeldPeaks, markers } from "../lib/tones/spectrum";
import { pages } from "../pages/pages.svelte";

beforeAll(() => pages.readAll());

vi.setConfig({ testTimeout: 60_000 });

const country = (code: string): ReturnType<typeof toyTable>["countries"][number] => toyTable().countries.find((one) => one.code === code)!;
const SILENCE: Analysis = { at_ms: 0, level_dbm0: -99, purity: 0, spectrum_dbm0: Array<number>(128).fill(-99), peaks: [], belief: null };

describe("markers", () => {
  it("have each frequency of a country once, with all tones that use it, and what is the same everywhere", () => {
    const brazil = markers(country("BR"));
    expect(brazil.map(({ frequency_hz }) => frequency_hz)).toEqual([425, 950, 1100, 1400, 1800, 2100]);
    expect(brazil[0]!.tones).toEqual(["dial", "ringback", "busy", "congestion", "call_waiting"]);
    const america = markers(country("US"));
    expect(america.slice(0, 4).map(({ frequency_hz }) => frequency_hz)).toEqual([350, 440, 480, 620]);
    expect(america.find(({ frequency_hz }) => frequency_hz === 620)!.tones).toEqual(["busy", "congestion"]);
  });

  it("of an unknown country are those of machines alone", () => expect(markers(undefined).map(({ name }) => name)).toEqual(["SIT", "CNG", "SIT", "SIT", "CED"]));

  it("lie in the band that is drawn there", () => {
    expect(bandOf(425, 128)).toBe(13);
    expect([bandOf(-1, 128), bandOf(4000, 128)]).toEqual([0, 127]);
  });
});

describe("held peaks", () => {
  it("stand for a second and a half, then fall 20 dB a second, and rise at once", () => {
    const held = new HeldPeaks();
    held.note([-20, null], 0);
    held.note([-60, -50], 100);
    expect(held.at(1_500)).toEqual([-20, -50]);
    expect(held.at(2_500)[0]).toBeCloseTo(-40);
    held.note([-30, -99], 2_500);
    expect(held.at(2_500)[0]).toBe(-30);
    held.note([-1], 2_600);
    expect(held.at(2_600)).toEqual([-1]);
  });
});

describe("cadences", () => {
  const parts = (...ms: number[]): CadencePart[] => ms.map((duration_ms, n) => ({ is_burst: n % 2 === 0, duration_ms }));
  const busy: LeadingTone = { tone: "busy", confidence: 1, cycles: 2, expected_ms: [250, 250], place: 0 };

  it("stand on one scale, each expected part under the one heard", () => {
    const { span_ms, heard, expected } = cadence(parts(240, 260, 100), busy);
    expect(span_ms).toBe(2_000);
    expect(heard.map(({ share }) => share)).toEqual([0.12, 0.13, 0.05]);
    expect(expected.map(({ is_burst, duration_ms }) => [is_burst, duration_ms])).toEqual([[true, 250], [false, 250], [true, 250]]);
  });

  it("are matched from the part that goes on, wherever in the pattern the tone began", () => {
    const congestion: LeadingTone = { ...busy, tone: "congestion", expected_ms: [250, 250, 750, 250], place: 0 };
    expect(cadence(parts(250, 250, 250), { ...congestion, place: 0 }).expected.map(({ duration_ms }) => duration_ms)).toEqual([750, 250, 250]);
  });

  it("have room for long gaps, and a tone without cadence goes on as far as can be seen", () => {
    expect(cadence(parts(1_000, 4_000, 300), { ...busy, tone: "ringback", expected_ms: [1000, 4000], place: 0 }).span_ms).toBe(8_000);
    const dial = cadence(parts(3_000), { ...busy, tone: "dial", expected_ms: [], place: 0 });
    expect([dial.span_ms, dial.expected.map(({ share }) => share)]).toEqual([4_000, [1]]);
    expect(cadence([], null)).toEqual({ span_ms: 2_000, heard: [], expected: [] });
  });
});

const user = userEvent.setup();
/** A moment of the recorded minute of line 1, from its beginning. */
let into_ms = 0;

async function show(at_ms: number): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.tones = false;
  route.showScope(0);
  const base = Date.now();
  into_ms = 0;
  const backend = new FakeBackend("call", () => base + into_ms);
  into_ms = at_ms;
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

const toggle = (): Promise<HTMLElement> => screen.findByRole("button", { name: "Tons" });
const panel = (): ReturnType<typeof within> => within(screen.getByRole("region", { name: "Tons na linha" }));

describe("in the window", () => {
  afterEach(cleanup);

  it("nothing is asked for while nobody looks, and again each second while somebody does", async () => {
    const backend = await show(10_000);
    const ordered = vi.spyOn(backend, "command");
    expect(screen.queryByRole("region", { name: "Tons na linha" })).toBeNull();
    const button = await toggle();
    expect(button).toHaveAttribute("aria-pressed", "false");
    expect(ordered).not.toHaveBeenCalled();
    const began = performance.now();
    await user.click(button);
    expect(ordered).toHaveBeenLastCalledWith({ do: "analyse", port: 0 });
    await waitFor(() => expect(ordered.mock.calls.length).toBeGreaterThanOrEqual(3), { timeout: 10_000 });
    expect(performance.now() - began).toBeGreaterThan(1_900);
    expect(tones.of(0)).not.toBeNull();
    await user.click(button);
    expect(screen.queryByRole("region", { name: "Tons na linha" })).toBeNull();
    expect(tones.of(0)).toBeNull();
  });

  it("busy tone leads with its confidence, and its cadence stands beside the one expected", async () => {
    await show(49_300);
    await user.click(await toggle());
    expect(await panel().findByText(/^tom de ocupado, 7\d %$/, {}, { timeout: 10_000 })).toBeVisible();
    expect(panel().getByRole("meter", { name: "Certeza do tom que lidera" })).toHaveAttribute("aria-valuenow", expect.stringMatching(/^7\d$/));
    expect(panel().getByRole("status")).toHaveTextContent("tom de ocupado: suspeita");
    expect(panel().getByText("2 ciclos")).toBeVisible();
    expect(panel().getByText(/^250 ligado, 260 desligado, 240 ligado, /)).toBeInTheDocument();
    expect(panel().getByText("250 ligado, 250 desligado, 250 ligado, 250 desligado, 250 ligado, 250 desligado")).toBeInTheDocument();
  });

  it("on hook no tone is looked for, and what is stale is not shown", async () => {
    await show(1_000);
    await user.click(await toggle());
    expect(await panel().findByText("no gancho, não se procuram tons", {}, { timeout: 10_000 })).toBeVisible();
    cleanup();
    const silent = await show(1_000);
    vi.spyOn(silent, "command").mockResolvedValue();
    await user.click(await toggle());
    tones.note([{ port: 0, analysis: SILENCE }, { port: 1, analysis: SILENCE }]);
    expect(await panel().findByText("silêncio")).toBeVisible();
    expect(tones.of(1)).toBeNull();
    await waitFor(() => expect(panel().getByText("não se ouve nada desta linha")).toBeVisible(), { timeout: STALE_MS + 5_000 });
  });

  it("a cursor reads the spectrum by keyboard", async () => {
    await show(48_100);
    await user.click(await toggle());
    const spectrum = await panel().findByRole("slider", { name: "Espectro da linha, de 0 a 4000 Hz" });
    expect(spectrum).toHaveAttribute("aria-valuetext", "sem cursor");
    await panel().findByText(/^425 Hz, /, {}, { timeout: 10_000 });
    spectrum.focus();
    await user.keyboard("{Home}");
    expect(spectrum).toHaveAttribute("aria-valuenow", "0");
    await user.keyboard("{Shift>}{ArrowRight}{/Shift}{ArrowRight}{ArrowRight}{ArrowRight}");
    await tick();
    expect(spectrum).toHaveAttribute("aria-valuetext", expect.stringMatching(/^cursor 406 Hz: −\d/));
    await user.keyboard("{Escape}");
    expect(spectrum).toHaveAttribute("aria-valuetext", "sem cursor");
  });

  it("has nothing that axe finds serious", async () => {
    await show(49_300);
    await user.click(await toggle());
    await panel().findByText(/^tom de ocupado, /, {}, { timeout: 10_000 });
    const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
  });
});
