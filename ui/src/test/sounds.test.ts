import { cleanup, configure, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { levelDbm0, levelsDbm0, linearOf, samplesOf, SILENCE_DBM0 } from "../lib/alaw";
import { NO_FILTERS } from "../lib/calls";
import { Refused } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import { alawOf } from "../lib/ipc/fake/sounds";
import type { StoredRecord, ToneProof } from "../lib/ipc/types";
import { settingName } from "../lib/setting_words";
import { depth, secondTicks } from "../lib/sound_strip";
import { callList } from "../lib/state/calls.svelte";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { Playback } from "../lib/state/playback.svelte";
import { route } from "../lib/state/route.svelte";
import { toneLesson, ToneLesson } from "../lib/state/tone_lesson.svelte";
import { falseEnds, proofEnds, proofWords } from "../lib/tone_proof";
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
  toneLesson.leave(undefined);
});

/** The newest call whose sound ends in a tone that no plan has. */
const unknown = (call: StoredRecord): boolean => call.cause === "silence";
/** One whose sound ends in busy tone. */
const busy = (call: StoredRecord): boolean => call.evidence?.kind === "disconnect_tone";
/** One that ends in talk. */
const talk = (call: StoredRecord): boolean => call.cause === "sip_hung_up";
/** One in which the line was never off hook. */
const unanswered = (call: StoredRecord): boolean => call.answered_at_ms === null && call.direction === "fxo_to_sip";

type Shown = Promise<{ backend: FakeBackend; call: StoredRecord }>;

async function show(which: (call: StoredRecord) => boolean, scene: Scene = "single", pace_ms = 0): Shown {
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
const learnButton = (): Promise<HTMLElement> => screen.findByRole("button", { name: "Este é o tom de desligamento…" });
const lesson = (): Promise<HTMLElement> => screen.findByRole("dialog", { name: "Aprender o tom de desligamento" });

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
    expect(await screen.findByText("Os tons de hoje não encerrariam a chamada.")).toBeVisible();
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
    expect(await screen.findByText("Não há som: a linha não saiu do gancho.")).toBeVisible();
    expect(screen.queryByRole("slider")).toBeNull();
    vi.spyOn(backend.sounds, "of").mockResolvedValue(null);
    route.go("calls", backend.history.newest(40).find(busy)?.id);
    expect(await screen.findByText(/^O som é mais antigo que os guardados/)).toBeVisible();
    draft.inForce = { ...draft.inForce, gateway: { ...draft.inForce.gateway, keep_sounds_max: 0 } };
    expect(await screen.findByText(/^Não se guarda som de chamadas:/)).toBeVisible();
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

describe("learning", () => {
  it("tells what was learned, from the keyboard alone, and gives the focus back", async () => {
    await show(unknown);
    (await learnButton()).focus();
    await user.keyboard("{Enter}");
    const dialog = await lesson();
    const title = await within(dialog).findByRole("heading", { name: "O tom no fim desta chamada" });
    expect(title).toHaveFocus();
    for (const figure of ["440 Hz", "0,35 – 0,35 s", "−17,6 dBm0", "15 pulsos de tom", "6 ms", "busy 440 350/350"]) {
      expect(within(dialog).getByText(figure)).toBeVisible();
    }
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(await learnButton()).toHaveFocus();
    expect(screen.getByRole("region", { name: "Detalhes da chamada" })).toBeVisible();
  });

  it("ends where the tone is known", async () => {
    await show(busy);
    await user.click(await learnButton());
    const dialog = await lesson();
    expect(await within(dialog).findByText(/A linha já ouve este tom/)).toBeVisible();
    expect(within(dialog).queryByRole("button", { name: "Provar o tom" })).toBeNull();
  });

  it.each([
    [{ kind: "nothing", fault: "no_tone" } as const, /Não há tom nenhum no fim do som/],
    [{ kind: "nothing", fault: "not_repeated" } as const, /não se repete em cadência/],
    [{ kind: "no_sound" } as const, /não está mais guardado/],
    [{ kind: "store", error: { code: "database_locked", detail: "" } } as const, /Outro programa está usando/],
  ])("advises where nothing was learned: %o", async (refusal, said) => {
    const { backend } = await show(unknown);
    vi.spyOn(backend.sounds, "learn").mockResolvedValue({ ok: false, refusal });
    await user.click(await learnButton());
    const dialog = await lesson();
    expect(await within(dialog).findByRole("heading", { name: "Nada foi aprendido desta chamada" })).toHaveFocus();
    expect(within(dialog).getByText(said)).toBeVisible();
    expect(within(dialog).queryByRole("button", { name: "Provar o tom" })).toBeNull();
  });

  it("finds no tone in talk", async () => {
    await show(talk);
    await user.click(await learnButton());
    expect(await screen.findByText(/só vozes, ruído ou silêncio/)).toBeVisible();
  });

  it("says so where even the tone would not have ended its call", async () => {
    const { backend, call } = await show(unknown);
    const taught = await backend.sounds.learn(call.id);
    if (!taught.ok) throw new Error("nothing learned");
    vi.spyOn(backend.sounds, "learn").mockResolvedValue({ ok: true, value: { ...taught.value, ends_its_call: false } });
    await user.click(await learnButton());
    expect(await screen.findByText(/ele soou pouco tempo/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Provar o tom" })).toBeNull();
  });
});

describe("the proof", () => {
  it("tells how far it is, and its cancel leads back to the tone", async () => {
    const { backend } = await show(unknown, "single", 20);
    const proved = vi.spyOn(backend.sounds, "prove");
    await user.click(await learnButton());
    await user.click(await screen.findByRole("button", { name: "Provar o tom" }));
    expect(await screen.findByRole("heading", { name: "Procurando desligamentos falsos" })).toHaveFocus();
    const bar = screen.getByRole("progressbar", { name: "Procurando desligamentos falsos" });
    await waitFor(() => expect(Number(bar.getAttribute("aria-valuenow"))).toBeGreaterThan(0));
    await waitFor(() => expect(screen.getByRole("row", { name: /^Fala/ })).toHaveTextContent("10 min"));
    expect(proved.mock.calls[0]?.slice(0, 3)).toEqual([0, "busy 440 350/350", 24]);
    await user.click(screen.getByRole("button", { name: "Cancelar a prova" }));
    expect(await screen.findByRole("heading", { name: "O tom no fim desta chamada" })).toHaveFocus();
  });

  it("Escape cancels it", async () => {
    const { backend } = await show(unknown, "single", 20);
    const cancelled = vi.spyOn(backend.sounds, "cancelProof");
    await user.click(await learnButton());
    await user.click(await screen.findByRole("button", { name: "Provar o tom" }));
    await screen.findByRole("progressbar");
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(await learnButton()).toHaveFocus();
  });

  it("is one at a time", async () => {
    const { backend, call } = await show(unknown);
    const running: (() => void)[] = [];
    const refused = { ok: false, refusal: { kind: "cancelled" } } as const;
    const prove = vi.spyOn(backend.sounds, "prove").mockImplementation(() => new Promise((end) => running.push(() => end(refused))));
    const one = new ToneLesson();
    await one.begin(backend.sounds, call);
    void one.prove(backend.sounds);
    await waitFor(() => expect(running).toHaveLength(1));
    one.leave(backend.sounds);
    await one.begin(backend.sounds, call);
    const next = one.prove(backend.sounds);
    await Promise.resolve();
    expect(prove).toHaveBeenCalledTimes(1);
    running[0]?.();
    await waitFor(() => expect(prove).toHaveBeenCalledTimes(2));
    expect(one.stage.step).toBe("proving");
    running[1]?.();
    await next;
    expect(one.stage.step).toBe("learned");
  });

  it("a tone that drops nothing goes into the draft, and the Lines page opens", async () => {
    await show(unknown);
    await user.click(await learnButton());
    await user.click(await screen.findByRole("button", { name: "Provar o tom" }));
    const said = /^0 desligamentos falsos em 4,0 h de fala, música e fax, e em \d+ chamadas? desta linha$/;
    expect(await screen.findByRole("heading", { name: said })).toHaveFocus();
    expect(screen.getAllByText(/a outra ponta tinha desligado/).length).toBeGreaterThan(0);
    await user.click(screen.getByRole("button", { name: "Usar este tom" }));
    expect(draft.settings.ports[0]?.line.learned_tones).toEqual(["busy 440 350/350"]);
    expect(draft.inForce.ports[0]?.line.learned_tones).toEqual([]);
    expect(route.page).toBe("lines");
    expect(route.port).toBe(0);
    expect(await screen.findByRole("button", { name: /^Aplicar/ })).toBeVisible();
    expect(await screen.findByRole("textbox", { name: "Tom 1" })).toHaveValue("busy 440 350/350");
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("a tone that stands in the draft already is not learned twice", async () => {
    await show(unknown);
    await screen.findByRole("slider");
    draft.settings.ports[0]!.line.learned_tones = ["busy 440 350/350"];
    await user.click(await learnButton());
    expect(await screen.findByText(/já está nos ajustes da linha/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Provar o tom" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Ir à página Linhas" }));
    expect(route.page).toBe("lines");
  });

  it("a tone that drops what goes on is not offered, and says in which call", async () => {
    await show(unknown, "trouble");
    await user.click(await learnButton());
    await user.click(await screen.findByRole("button", { name: "Provar o tom" }));
    const dialog = await lesson();
    expect(await within(dialog).findByRole("heading", { name: /^\d desligamentos falsos em 4,0 h/ })).toBeVisible();
    expect(within(dialog).getByText(/Este tom não é oferecido/)).toBeVisible();
    expect(within(dialog).queryByRole("button", { name: "Usar este tom" })).toBeNull();
    const items = within(within(dialog).getByRole("group", { name: /Chamadas guardadas/ })).getAllByRole("listitem");
    // What is wrong stands first.
    expect(items[0]).toHaveTextContent("errado: alguém continuou falando");
    expect(items[1]).toHaveTextContent("a outra ponta tinha desligado");
    const before = callList.opened?.id;
    await user.click(await within(items[0]!).findByRole("button"));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await waitFor(() => expect(callList.opened?.id).not.toBe(before));
    expect(screen.getByRole("group", { name: "Detalhes da chamada" })).toHaveFocus();
  });

  it("says what else must be switched on, and when there is no room for more", async () => {
    await show(unknown);
    await screen.findByRole("slider");
    draft.settings.ports[0]!.line.end_on_disconnect_tone = false;
    draft.settings.ports[0]!.line.learned_tones = Array.from({ length: 8 }, (_, n) => `busy ${400 + n} 200/200`);
    await user.click(await learnButton());
    await user.click(await screen.findByRole("button", { name: "Provar o tom" }));
    expect(await screen.findByText(/já tem 8 tons aprendidos/)).toBeVisible();
    expect(screen.getByText(/as chamadas não terminam por tom/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Usar este tom" })).toBeNull();
    draft.discard();
  });

  it.each(["busy 440 350/350", "dial 440 continuous"])("names the switch that %s needs", async (text) => {
    const { backend, call } = await show(unknown);
    const taught = await backend.sounds.learn(call.id);
    if (!taught.ok) throw new Error("nothing learned");
    vi.spyOn(backend.sounds, "learn").mockResolvedValue({ ok: true, value: { ...taught.value, text } });
    const isDial = text.startsWith("dial");
    draft.settings.ports[0]!.line.end_on_disconnect_tone = isDial;
    draft.settings.ports[0]!.line.end_on_dial_tone = !isDial;
    await user.click(await learnButton());
    await user.click(await screen.findByRole("button", { name: "Provar o tom" }));
    const needed = settingName(locale.words, `ports[0].line.${isDial ? "end_on_dial_tone" : "end_on_disconnect_tone"}`);
    expect(await screen.findByRole("button", { name: needed })).toBeVisible();
    draft.discard();
  });

  it("says why it did not reach its end", async () => {
    const { backend } = await show(unknown);
    vi.spyOn(backend.sounds, "prove").mockRejectedValue(new Error("gone"));
    await user.click(await learnButton());
    await user.click(await screen.findByRole("button", { name: "Provar o tom" }));
    expect(await screen.findByText("A prova não chegou ao fim: O programa não respondeu.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Provar o tom" })).toBeEnabled();
  });

  it("counts a call once, however often it would have been ended", () => {
    const end = (call: string, at_ms: number, speaks_on: boolean): ToneProof["ended"][number] => {
      return { call, end: { at_ms, tone: "busy", speaks_on } };
    };
    const proof: ToneProof = {
      calls: 1,
      calls_s: 20,
      ended: [end("a", 900, false), end("b", 1000, false), end("b", 12_000, true), end("b", 15_000, true)],
      minutes: [80, 80, 80],
      false_ends: [0, 2, 0],
      done: 1,
    };
    expect(proofEnds(proof)).toEqual([
      { call: "b", at_ms: 1000, speaksOn: true },
      { call: "a", at_ms: 900, speaksOn: false },
    ]);
    expect(falseEnds(proof)).toBe(3);
    expect(proofWords(locale.words, proof)).toBe("3 desligamentos falsos em 4,0 h de fala, música e fax, e em 1 chamada desta linha");
    const none = { ...proof, calls: 0, ended: [], false_ends: [0, 0, 0] as ToneProof["false_ends"] };
    expect(proofWords(locale.words, none)).toContain("sem nenhuma chamada guardada desta linha");
  });
});

describe("everybody can use it", () => {
  const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

  const MOMENTS = ["player", "none", "learned", "unlearned", "proving", "proved", "not offered"] as const;

  it.each(MOMENTS)("%s has no violation that axe can see", async (what) => {
    const which = what === "none" ? unanswered : what === "player" ? busy : what === "unlearned" ? talk : unknown;
    await show(which, what === "not offered" ? "trouble" : "single", what === "proving" ? 200 : 0);
    if (what === "none") await screen.findByText(/^Não há som/);
    else await strip();
    if (what !== "none" && what !== "player") {
      await user.click(await learnButton());
      await screen.findByRole("heading", { name: /O tom no fim|Nada foi aprendido/ });
    }
    if (["proving", "proved", "not offered"].includes(what)) {
      await user.click(screen.getByRole("button", { name: "Provar o tom" }));
      await screen.findByRole("heading", { name: what === "proving" ? /^Procurando/ : /4,0 h/ });
    }
    const found = await axe.run(document.body, RULES);
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  }, 60_000);
});
