import { cleanup, configure, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { levelDbm0, levelsDbm0, linearOf, samplesOf, SILENCE_DBM0 } from "../lib/alaw";
import { NO_FILTERS } from "../lib/calls";
import { Refused } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { alawOf } from "../lib/ipc/fake/sounds";
import type { StoredRecord } from "../lib/ipc/types";
import { depth, secondTicks } from "../lib/sound_strip";
import { callList } from "../lib/state/calls.svelte";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { Playback } from "../lib/state/playback.svelte";
import { route } from "../lib/state/route.svelte";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();
vi.setConfig({ testTimeout: 30_000 });
// A proof makes its way call by call, on a computer that may be busy.
configure({ asyncUtilTimeout: 10_000 });

/** An output of sound whose clock goes as far as a test says. */
class ToyContext {
  static all: ToyContext[] = [];
  static refuses = false;
  currentTime = 0;
  readonly destination = {};
  readonly sources: { started: [when: number, offset: number][]; stopped: boolean; buffer: unknown; onended: (() => void) | null }[] = [];
  closed = false;

  constructor() {
    if (ToyContext.refuses) throw new Error("no output");
    ToyContext.all.push(this);
  }
  resume(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
  createBuffer(channels: number, length: number, rate: number): unknown {
    return { channels, length, rate, copyToChannel: () => undefined };
  }
  createBufferSource(): unknown {
    const source = {
      started: [] as [number, number][],
      stopped: false,
      buffer: null as unknown,
      onended: null as (() => void) | null,
      connect: () => undefined,
      disconnect: () => undefined,
      start: (when: number, offset: number) => void source.started.push([when, offset]),
      stop: () => void (source.stopped = true),
    };
    this.sources.push(source);
    return source;
  }
}

beforeEach(() => {
  ToyContext.all = [];
  ToyContext.refuses = false;
  vi.stubGlobal("AudioContext", ToyContext);
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The newest call whose sound ends in a tone that no plan has. */
const unknown = (call: StoredRecord): boolean => call.cause === "silence";
/** One whose sound ends in busy tone. */
const busy = (call: StoredRecord): boolean => call.evidence?.kind === "disconnect_tone";
/** One in which the line was never off hook. */
const unanswered = (call: StoredRecord): boolean => call.answered_at_ms === null && call.direction === "fxo_to_sip";

async function show(which: (call: StoredRecord) => boolean, scene: Scene = "single", pace_ms = 0): Promise<{ backend: FakeBackend; call: StoredRecord }> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  callList.filters = NO_FILTERS;
  callList.opened = null;
  route.exchange = false;
  route.go("calls");
  const backend = new FakeBackend(scene);
  backend.sounds.pace_ms = pace_ms;
  const call = backend.history.newest(40).find((record) => which(record));
  if (!call) throw new Error("no such call");
  render(App, { backend: Promise.resolve(backend) });
  await waitFor(() => expect(live.backend).toBe(backend));
  route.go("calls", call.id);
  await screen.findByRole("region", { name: "Detalhes da chamada" });
  return { backend, call };
}

const strip = (): Promise<HTMLElement> => screen.findByRole("slider", { name: "Lugar no som" });

describe("A-law", () => {
  it("is read as ITU-T G.711 has it", () => {
    expect([0xd5, 0x55, 0xaa, 0x2a].map(linearOf)).toEqual([8, -8, 32256, -32256]);
    // Both segments of the linear part, and one step above them.
    expect([0xd4, 0xc5, 0xf5].map(linearOf)).toEqual([24, 264, 528]);
  });

  it("every code comes back as itself from the toy world", () => {
    const codes = Array.from({ length: 256 }, (_, code) => code);
    expect(codes.filter((code) => alawOf(linearOf(code)) !== code)).toEqual([]);
  });

  it("is told in dBm0: a full sine has 3.14, nothing has silence", () => {
    const sine = Int16Array.from({ length: 8000 }, (_, n) => Math.round(32767 * Math.sin((2 * Math.PI * 400 * n) / 8000)));
    expect(levelDbm0(sine, 0, 8000)).toBeCloseTo(3.14, 2);
    expect(levelsDbm0(new Int16Array(800), 4)).toEqual([SILENCE_DBM0, SILENCE_DBM0, SILENCE_DBM0, SILENCE_DBM0]);
    expect([...samplesOf(btoa("\u00d5\u002a"))]).toEqual([8, -32256]);
  });

  it("has a place for every level and every second", () => {
    expect([depth(3), depth(-63), depth(-99), depth(20)]).toEqual([0, 1, 1, 0]);
    expect(secondTicks(20)).toEqual([0, 5, 10, 15, 20]);
    expect(secondTicks(3.4)).toEqual([0, 1, 2, 3]);
  });
});

describe("the player", () => {
  it("shows the sound, where today's tones would have ended the call, and plays nothing by itself", async () => {
    await show(busy);
    expect(await strip()).toHaveAttribute("aria-valuemax", "20");
    expect(screen.getByText(/19,9 s: os tons de hoje encerrariam a chamada aqui \(tom de ocupado\)/)).toBeVisible();
    expect(ToyContext.all).toEqual([]);
  });

  it("says when today's tones would not have ended it", async () => {
    await show(unknown);
    expect(await screen.findByText("Os tons de hoje não encerrariam a chamada neste trecho.")).toBeVisible();
  });

  it("plays from any place, and tells the place that is heard", async () => {
    await show(busy);
    const slider = await strip();
    slider.focus();
    await user.keyboard("{PageUp}{ArrowRight}{ArrowRight}{ArrowLeft}");
    expect(slider).toHaveAttribute("aria-valuetext", expect.stringMatching(/^5,5 s de 20,0 s, /));
    await user.click(screen.getByRole("button", { name: "Ouvir" }));
    const [context] = ToyContext.all;
    expect(context?.sources[0]?.started).toEqual([[0, 5.5]]);
    expect(context?.sources[0]?.buffer).toMatchObject({ channels: 1, length: 160_000, rate: 8000 });
    context!.currentTime = 2;
    await waitFor(() => expect(slider).toHaveAttribute("aria-valuenow", "7.5"));
    // A press on the strip goes on from there.
    slider.getBoundingClientRect = () => ({ left: 100, width: 200 }) as DOMRect;
    await user.pointer([{ keys: "[MouseLeft]", target: slider, coords: { clientX: 200 } }]);
    expect(context?.sources[0]?.stopped).toBe(true);
    expect(context?.sources[1]?.started).toEqual([[0, 10]]);
    await user.click(screen.getByRole("button", { name: "Parar" }));
    expect(context?.sources[1]?.stopped).toBe(true);
    expect(screen.getByRole("button", { name: "Ouvir" })).toBeVisible();
  });

  it("stands at its end when it is over, and begins anew", async () => {
    await show(busy);
    const slider = await strip();
    await user.click(screen.getByRole("button", { name: "Ouvir" }));
    ToyContext.all[0]?.sources[0]?.onended?.();
    await waitFor(() => expect(slider).toHaveAttribute("aria-valuenow", "20"));
    await user.click(screen.getByRole("button", { name: "Ouvir" }));
    expect(ToyContext.all[0]?.sources[1]?.started).toEqual([[0, 0]]);
  });

  it("is silent once another call is chosen or the page is left", async () => {
    const { backend } = await show(busy);
    await strip();
    await user.click(screen.getByRole("button", { name: "Ouvir" }));
    const other = backend.history.newest(40).find(unknown);
    route.go("calls", other?.id);
    await waitFor(() => expect(ToyContext.all[0]?.sources[0]?.stopped).toBe(true));
    expect(ToyContext.all[0]?.closed).toBe(true);
    await user.click(await screen.findByRole("button", { name: "Ouvir" }));
    route.go("about");
    await waitFor(() => expect(ToyContext.all[1]?.sources[0]?.stopped).toBe(true));
    expect(ToyContext.all[1]?.closed).toBe(true);
  });

  it.each(["missing", "refusing", "standing still"])("offers the file where the output is %s", async (what) => {
    if (what === "missing") vi.stubGlobal("AudioContext", undefined);
    ToyContext.refuses = what === "refusing";
    await show(busy);
    await strip();
    const said = /não consegue tocar som neste computador/;
    if (what !== "missing") {
      expect(screen.queryByText(said)).toBeNull();
      await user.click(screen.getByRole("button", { name: "Ouvir" }));
    }
    expect(await screen.findByText(said)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Ouvir" })).toBeNull();
    expect(screen.getByRole("button", { name: "Salvar WAV…" })).toBeEnabled();
  });

  it("writes a WAV file, and says why it does not", async () => {
    const { backend, call } = await show(busy);
    await user.click(await screen.findByRole("button", { name: "Salvar WAV…" }));
    expect(await screen.findByText(/Gravado em \/home\/ana\/loopstart-call-\d{6}-\d{4}-\d\d-\d\d\.wav/)).toBeVisible();
    expect(backend.sounds.files.has(call.id)).toBe(true);
    vi.spyOn(backend.sounds, "save").mockResolvedValue({ ok: false, refusal: { kind: "disk_full" } });
    await user.click(screen.getByRole("button", { name: "Salvar WAV…" }));
    expect(await screen.findByText(/O disco está cheio/)).toBeVisible();
  });

  it("says in a line why nothing is kept, and which setting decides", async () => {
    const { backend } = await show(unanswered);
    expect(await screen.findByText("Não há som: nesta chamada a linha não saiu do gancho.")).toBeVisible();
    expect(screen.queryByRole("slider")).toBeNull();
    vi.spyOn(backend.sounds, "of").mockResolvedValue(null);
    route.go("calls", backend.history.newest(40).find(busy)?.id);
    expect(await screen.findByText(/^O som já não está guardado/)).toBeVisible();
    draft.inForce = { ...draft.inForce, gateway: { ...draft.inForce.gateway, keep_sounds_max: 0 } };
    expect(await screen.findByText(/^Não se guarda som de chamadas\./)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Chamadas com som guardado" }));
    await waitFor(() => expect(document.querySelector(".popup.retention [data-path='gateway.keep_sounds_max']")).not.toBeNull());
  });

  it("says why the sound cannot be read", async () => {
    const { backend } = await show(unanswered);
    vi.spyOn(backend.sounds, "of").mockRejectedValue(new Refused({ code: "database_damaged", detail: "" }));
    route.go("calls", backend.history.newest(40).find(busy)?.id);
    expect(await screen.findByText(/O som não pôde ser lido: O banco de dados está danificado\./)).toBeVisible();
  });

  it("a place never leaves the sound", () => {
    const playback = new Playback(new Int16Array(8000));
    playback.seek(7);
    expect(playback.at_s).toBe(1);
    playback.seek(-1);
    expect(playback.at_s).toBe(0);
    playback.close();
  });
});

describe("everybody can use it", () => {
  const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

  it.each(["player", "none"] as const)("%s has no violation that axe can see", async (what) => {
    await show(what === "none" ? unanswered : busy);
    if (what === "none") await screen.findByText(/^Não há som/);
    else await strip();
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  }, 60_000);
});
