// Moments worth a picture of their own, besides every page as it opens.

const SMALL = { width: 880, height: 600 };
const WIDE = { width: 1920, height: 1080 };

/** What is photographed once, because only its own subject matters. */
export const MOMENTS = [
  { name: "exchange", url: "?scene=lively&exchange=open#overview" },
  { name: "quiet", url: "?scene=quiet#overview" },
  { name: "empty", url: "?scene=empty#overview" },
  { name: "calls-details", url: "?scene=lively#calls", act: openCall },
  ...["light", "dark"].flatMap((scheme) => ["clean", "noisy"].map((verdict) => ({ name: `calls-sent-${verdict}-${scheme}`, url: "?scene=lively#calls", scheme, act: openSent(verdict) }))),
  ...["light", "dark"].flatMap((scheme) => [undefined, WIDE].map((size) => ({ name: `stages-${scheme}-${size?.width ?? 1280}`, url: "?scene=lively#calls", scheme, size, act: openOutgoing("voz") }))),
  { name: "stages-no-answer", url: "?scene=lively#calls", act: openRow(1) },
  { name: "stages-failed", url: "?scene=lively#calls", act: openRow(4) },
  { name: "stages-contrast", url: "?scene=lively#calls", contrast: "more", act: openRow(4) },
  { name: "stages-spanish", url: "?scene=lively#calls", language: "es", act: openOutgoing("voz") },
  ...["light", "dark"].flatMap((scheme) =>
    [undefined, WIDE].flatMap((size) => {
      const view = (name, act, scene = "single") => ({
        name: `sound-${name}-${scheme}-${size?.width ?? 1280}`,
        url: `?scene=${scene}#calls`,
        scheme,
        size,
        act,
      });
      return [
        view("player", seeSound("tom de ocupado")),
        view("player-unknown", seeSound("silêncio")),
        view("learned", learnTone("silêncio")),
        view("unlearned", learnTone("o lado SIP desligou")),
        view("known", learnTone("tom de ocupado")),
        view("proving", proveTone(false)),
        view("proved", proveTone(true)),
        view("not-offered", proveTone(true), "trouble"),
        view("used", useTone),
      ];
    }),
  ),
  { name: "sound-spanish", url: "?scene=trouble#calls", language: "es", act: proveTone(true, "silencio") },
  { name: "sound-contrast", url: "?scene=single#calls", contrast: "more", act: seeSound("tom de ocupado") },
  { name: "sound-none", url: "?scene=lively#calls", act: seeSound(null) },
  ...["light", "dark"].flatMap((scheme) => [undefined, WIDE].map((size) => ({ name: `waiting-card-${scheme}-${size?.width ?? 1280}`, url: "?scene=lively&exchange=open#lines", scheme, size, act: callTheBusyLine }))),
  { name: "waiting-scope-spanish", url: "?scene=lively&exchange=open#lines", language: "es", act: async (page) => (await callTheBusyLine(page), page.keyboard.press("1"), page.keyboard.press("s")) },
  ...["light", "dark"].map((scheme) => ({ name: `waiting-details-${scheme}`, url: "?scene=lively#calls", scheme, act: seeWhoWaited })),
  { name: "calls-empty", url: "?scene=empty#calls" },
  { name: "calls-filtered", url: "?scene=lively#calls", act: filterCalls },
  { name: "calls-none-found", url: "?scene=lively#calls", act: (page) => page.fill("[role=search] input", "555 0000 1111") },
  { name: "calls-days", url: "?scene=lively#calls", act: chooseDays },
  { name: "calls-export", url: "?scene=lively#calls", act: exportCalls },
  { name: "calls-forget", url: "?scene=lively#calls", act: (page) => page.click("h1 ~ .acts button:last-child") },
  { name: "calls-small", url: "?scene=lively#calls", size: { width: 880, height: 600 } },
  { name: "calls-small-details", url: "?scene=lively#calls", size: { width: 880, height: 600 }, act: openCall },
  { name: "calls-contrast", url: "?scene=lively#calls", act: openCall, contrast: "more" },
  { name: "calls-spanish", url: "?scene=lively#calls", act: openCall, language: "es", scheme: "dark" },
  ...["box", "country", "mode", "users", "call"].map((step, index) => ({ name: `guide-${index + 1}-${step}`, url: "?scene=first#overview", act: goOn(index) })),
  { name: "guide-dark", url: "?scene=first#overview", scheme: "dark", act: goOn(4) },
  { name: "small-guide", url: "?scene=first#overview", size: { width: 880, height: 600 }, act: goOn(3) },
  { name: "small-about", url: "?scene=trouble#about", size: { width: 880, height: 600 } },
  { name: "profiles-history", url: "?scene=lively#profiles", act: (page) => page.click("[data-tab=history]") },
  { name: "profiles-import", url: "?scene=lively#profiles", act: importProfile },
  { name: "refused-copy", url: "?scene=lively#diagnostics", act: refuseCopy },
  { name: "profiles-replace", url: "?scene=lively#users_and_ports", act: replaceDraft },
  { name: "profiles-compare", url: "?scene=lively#profiles", act: compareProfiles },
  { name: "profiles-advice", url: "?scene=lively#profiles", act: (page) => page.click("[data-tab=advice]") },
  { name: "palette", url: "?scene=lively#overview", act: find },
  ...["light", "dark"].flatMap((scheme) => [0, 1].map((port) => ({ name: `lines-sends-${port}-${scheme}`, url: "?scene=lively#lines", scheme, act: chooseSends(port) }))),
  { name: "lines-differ", url: "?scene=lively#lines", act: differ },
  { name: "lines-names", url: "?scene=lively#lines", act: (page) => page.click("[data-toggle-root]") },
  ...["light", "dark"].map((scheme) => ({ name: `dialling-${scheme}`, url: "?scene=lively#sip", scheme, act: tryNumber("90014155550100") })),
  ...["light", "dark"].map((scheme) => ({ name: `budget-${scheme}`, url: "?scene=lively#lines", scheme, act: spendMinutes })),
  { name: "dialling-allowed", url: "?scene=lively#sip", act: tryNumber("933334444") },
  { name: "dialling-none", url: "?scene=lively#sip", act: (page) => page.locator("[data-path='gateway.dial_rules']").scrollIntoViewIfNeeded() },
  ...["light", "dark"].map((scheme) => ({ name: `callers-${scheme}`, url: "?scene=lively#sip", scheme, size: SMALL, act: writeCallers("33334444") })),
  { name: "dialling-spanish", url: "?scene=lively#sip", language: "es", scheme: "dark", size: SMALL, act: tryNumber("190") },
  ...["light", "dark"].flatMap((scheme) =>
    [undefined, WIDE].flatMap((size) =>
      [null, "Irlanda", "Austrália"].flatMap((country) => {
        const view = { url: "?scene=lively#lines", scheme, size };
        const name = `${country === null ? "BR" : country === "Irlanda" ? "IE" : "AU"}-${scheme}-${size?.width ?? 1280}`;
        return [
          { ...view, name: `country-plan-${name}`, act: (page) => chooseCountry(page, country) },
          { ...view, name: `country-test-${name}`, act: tryProfile(country) },
        ];
      }),
    ),
  ),
  ...["light", "dark"].map((scheme) => ({ name: `country-failed-${scheme}`, url: "?scene=trouble#lines", scheme, act: tryProfile(null) })),
  { name: "country-running", url: "?scene=lively#lines", act: tryProfile("Austrália", true) },
  { name: "country-english", url: "?scene=trouble#lines", language: "en", act: tryProfile("Austria") },
  { name: "country-spanish", url: "?scene=trouble#lines", language: "es", size: SMALL, act: tryProfile("Turquía") },
  { name: "country-plan-turkey", url: "?scene=lively#lines", act: (page) => chooseCountry(page, "Turquia") },
  { name: "country-plan-small", url: "?scene=lively#lines", size: SMALL, act: (page) => chooseCountry(page, "Austrália") },
  { name: "country-contrast", url: "?scene=trouble#lines", contrast: "more", act: tryProfile(null) },
  { name: "country-contrast-dark", url: "?scene=trouble#lines", contrast: "more", scheme: "dark", act: tryProfile(null) },
  { name: "small-lines", url: "?scene=lively#lines", size: { width: 880, height: 600 } },
  ...["light", "dark"].map((scheme) => ({ name: `guard-${scheme}`, url: "?scene=lively#diagnostics", scheme, act: toGuard })),
  ...["light", "dark"].map((scheme) => ({ name: `exposure-${scheme}`, url: "?scene=lively#diagnostics", scheme, act: attack })),
  { name: "guard-small", url: "?scene=lively#diagnostics", language: "es", size: SMALL, act: toGuard },
  { name: "small-diagnostics", url: "?scene=trouble#diagnostics", size: { width: 880, height: 600 } },
  { name: "device-lost", url: "?scene=empty#devices" },
  ...["light", "dark"].flatMap((scheme) =>
    [SMALL, undefined, WIDE].map((size) => ({
      name: `device-voice-${scheme}-${size?.width ?? 1280}`,
      url: "?scene=quiet#devices",
      scheme,
      size,
      act: putVoice("Loopstart UAC-2, USB Audio"),
    })),
  ),
  { name: "device-voice-system", url: "?scene=quiet#devices", act: putVoice("HDA Intel PCH, ALC257 Analog") },
  { name: "device-voice-spanish", url: "?scene=quiet#devices", language: "es", size: SMALL, act: putVoice("HDA Intel PCH, ALC257 Analog") },
  ...["light", "dark"].flatMap((scheme) =>
    [SMALL, undefined, WIDE].map((size) => ({
      name: `device-modems-${scheme}-${size?.width ?? 1280}`,
      url: "?scene=quiet#devices",
      scheme,
      size,
      act: useModems,
    })),
  ),
  ...["light", "dark"].flatMap((scheme) =>
    [SMALL, undefined, WIDE].map((size) => ({ name: `device-trace-${scheme}-${size?.width ?? 1280}`, url: "?scene=quiet#devices", scheme, size, act: openTrace })),
  ),
  { name: "device-trace-spanish", url: "?scene=quiet#devices", language: "es", size: SMALL, act: openTrace },
  { name: "device-trace-contrast", url: "?scene=quiet#devices", contrast: "more", act: openTrace },
  ...["light", "dark"].flatMap((scheme) =>
    [SMALL, undefined, WIDE].flatMap((size) => [
      { name: `sip-list-${scheme}-${size?.width ?? 1280}`, url: "?scene=lively#diagnostics", scheme, size, act: openSipMessages },
      { name: `sip-ladder-${scheme}-${size?.width ?? 1280}`, url: "?scene=lively#calls", scheme, size, act: openLadder },
    ]),
  ),
  { name: "sip-list-spanish", url: "?scene=lively#diagnostics", language: "es", size: SMALL, act: openSipMessages },
  { name: "sip-ladder-contrast", url: "?scene=lively#calls", contrast: "more", act: openLadder },
  { name: "sip-ladder-contrast-dark", url: "?scene=lively#calls", contrast: "more", scheme: "dark", act: openLadder },
  { name: "sip-ladder-dropped", url: "?scene=lively#diagnostics", act: openDropped },
  { name: "sip-empty", url: "?scene=empty#diagnostics", act: openSipPanel },
  { name: "device-denied", url: "?scene=quiet#devices", act: useBox("/dev/ttyACM2") },
  { name: "device-denied-dark", url: "?scene=quiet#devices", scheme: "dark", size: SMALL, act: useBox("/dev/ttyACM2") },
  { name: "device-busy", url: "?scene=quiet#devices", act: useBox("/dev/ttyACM0") },
  { name: "device-voice-missing", url: "?scene=quiet#devices", act: putVoice() },
  { name: "waiting", url: "?scene=lively#users_and_ports", act: waitForIdle },
  { name: "rolled-back", url: "?scene=lively#users_and_ports", act: rollBack },
  { name: "rolled-back-small", url: "?scene=lively#users_and_ports", act: rollBack, size: { width: 880, height: 600 } },
  { name: "history-small", url: "?scene=lively#profiles", size: { width: 880, height: 600 }, act: (page) => page.click("[data-tab=history]") },
  { name: "empty-users", url: "?scene=empty#users_and_ports" },
  { name: "scope", url: "?scene=call#overview", act: openScope },
  { name: "scope-dark", url: "?scene=call#overview", scheme: "dark", size: { width: 1920, height: 1080 }, act: openScope },
  ...["light", "dark"].flatMap((scheme) =>
    [SMALL, undefined, WIDE].map((size) => ({ name: `tones-${scheme}-${size?.width ?? 1280}`, url: "?scene=eight#overview", scheme, size, act: openTones })),
  ),
  { name: "tones-talk", url: "?scene=call#overview?port=1", act: lookAtTones(22_000) },
  { name: "tones-on-hook", url: "?scene=call#overview?port=1", language: "en", act: lookAtTones(1_000) },
  { name: "tones-spanish", url: "?scene=eight#overview", language: "es", act: openTones },
  { name: "tones-contrast", url: "?scene=eight#overview", contrast: "more", act: openTones },
  { name: "scope-frozen", url: "?scene=call#overview", act: freezeScope },
  { name: "scope-small", url: "?scene=call#overview", size: { width: 880, height: 600 }, act: openScope },
  { name: "scope-contrast", url: "?scene=call#overview", contrast: "more", act: openScope },
  { name: "line-test", url: "?scene=quiet#overview", act: testLine },
  { name: "line-test-measuring", url: "?scene=quiet#overview", act: measureLine },
  { name: "line-test-measured", url: "?scene=quiet#overview", act: measured },
  { name: "line-test-small", url: "?scene=quiet#overview", size: SMALL, scheme: "dark", language: "en", act: measured },
  { name: "eight-ports", url: "?scene=eight#overview" },
  { name: "sixty-four-ports", url: "?scene=full#overview", size: { width: 1920, height: 1080 } },
  { name: "one-port", url: "?scene=single&exchange=open#overview" },
  { name: "many-ports", url: "?scene=many#overview" },
  { name: "trouble", url: "?scene=trouble#overview" },
  { name: "trouble-dark", url: "?scene=trouble#overview", scheme: "dark" },
  { name: "small-window", url: "?scene=lively&exchange=open#overview", size: { width: 880, height: 600 } },
  { name: "small-users", url: "?scene=lively#users_and_ports", size: { width: 880, height: 600 } },
  { name: "contrast-light", url: "?scene=trouble#overview", contrast: "more" },
  { name: "contrast-dark", url: "?scene=lively#users_and_ports", contrast: "more", scheme: "dark" },
  { name: "spanish", url: "?scene=lively#users_and_ports", language: "es" },
  { name: "ringing", url: "?scene=quiet&exchange=open#overview", act: ring },
  { name: "dirty", url: "?scene=lively#users_and_ports", act: edit },
  { name: "dirty-dark", url: "?scene=lively#users_and_ports", act: edit, scheme: "dark" },
  { name: "trunk", url: "?scene=lively#users_and_ports", act: (page) => page.click("[data-mode=sip_trunk]") },
  { name: "single-user", url: "?scene=lively#users_and_ports", act: (page) => page.click("[data-path='gateway.single_user'] button") },
  { name: "problems", url: "?scene=lively#users_and_ports", act: breakThings },
  { name: "review", url: "?scene=lively#users_and_ports", act: review },
  { name: "confirm", url: "?scene=lively#users_and_ports", act: confirm },
  { name: "focus", url: "?scene=lively#users_and_ports", act: focus },
  { name: "menu", url: "?scene=lively#overview", act: (page) => page.click("[data-port='1'] .actions button:last-child") },
];

/** The exposure test, when it is over. */
async function attack(page) {
  await page.click(".exposure .button");
  await page.locator("[data-exposure=stranger_sound]").scrollIntoViewIfNeeded();
}

/** The plan of a country, or of the one that is chosen already. */
async function chooseCountry(page, country) {
  if (country !== null) {
    await page.click("[data-path='gateway.country'] button");
    await page.click(`[role=option]:text-is("${country}")`);
  }
  await page.evaluate(() => document.querySelector("[data-path='gateway.country']").scrollIntoView());
  await page.waitForTimeout(200);
}

/** The test of a line profile: over, or in the middle of it. */
function tryProfile(country, underway = false) {
  return async (page) => {
    await chooseCountry(page, country);
    await page.focus(".test .button");
    await page.keyboard.press("Enter");
    await page.waitForSelector(underway ? ".test tbody tr:nth-child(7)[data-outcome=passed]" : ".test[data-phase=done]", { timeout: 20_000 });
    await page.evaluate(() => document.querySelector(".test").scrollIntoView());
  };
}

/** The guard, whoever it keeps out. */
async function toGuard(page) {
  await page.locator("#guard-title").scrollIntoViewIfNeeded();
  await page.locator(".guard tbody tr:last-child").scrollIntoViewIfNeeded();
}

async function ring(page) {
  await page.click("[data-exchange-line='1'] button[type=submit]");
  await page.waitForSelector("[data-port='1'][data-state=calling]");
}

/** A box whose voice is on a sound card, with the card of this name. */
function putVoice(card) {
  return async (page) => {
    await page.click("[data-box='/dev/ttyACM3'] .act .button");
    await page.waitForSelector("select option:nth-child(3)", { state: "attached" });
    if (card) await page.selectOption("select", { label: card });
    await page.locator("select").scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
  };
}

function useBox(path) {
  return async (page) => {
    await page.click(`[data-box='${path}'] .act .button`);
    await page.waitForSelector(`[data-wire='${path}']`);
    await page.waitForTimeout(300);
  };
}

async function useModems(page) {
  await page.click("[data-box='/dev/ttyACM2 /dev/ttyACM4'] .act .button");
  await page.waitForSelector("[data-wire='/dev/ttyACM4']");
  await page.waitForTimeout(300);
}

/** The trace with its frames of sound, in direction and port as chosen, at its newest line. */
async function openTrace(page) {
  await page.click("[aria-labelledby=trace-title] .panel-title .button");
  await page.check("[aria-labelledby=trace-title] input[type=checkbox]");
  await page.waitForSelector("[aria-labelledby=trace-title] tr");
  await page.click("[aria-labelledby=trace-title] .acts .button:last-child");
  await page.locator("[aria-labelledby=trace-title] .foot").scrollIntoViewIfNeeded();
  await page.waitForTimeout(800);
}

async function openSipPanel(page) {
  await page.click("[aria-labelledby=sip-trace-title] .panel-title .button");
  await page.locator("[aria-labelledby=sip-trace-title] .foot").scrollIntoViewIfNeeded();
  await page.waitForTimeout(400);
}

/** The list of SIP messages, with one chosen that nobody listened to. */
async function openSipMessages(page) {
  await openSipPanel(page);
  await page.click("[aria-labelledby=sip-trace-title] [role=option]:has(.special.wrong) >> nth=-1");
  await page.waitForTimeout(300);
}

/** The ladder of somebody whom nobody listens to. */
async function openDropped(page) {
  await openSipMessages(page);
  await page.focus("[aria-labelledby=sip-trace-title] [role=listbox]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[aria-labelledby=sip-trace-title] .ladder [role=option]");
  await page.waitForTimeout(300);
}

/** The ladder of a call that rang two phones, by the way that leads from its details. */
async function openLadder(page) {
  await page.click("#call-row-0");
  await page.click("section.details .timeline-head .link");
  await page.waitForSelector("[aria-labelledby=sip-trace-title] .ladder [role=option]");
  await page.keyboard.press("ArrowDown");
  await page.waitForTimeout(300);
}

async function edit(page) {
  await page.fill("[data-path='ports[0].name'] input", "Recepção do prédio da administração central");
  await page.fill("[data-path='ports[1].target'] input", "230");
  await page.fill("[data-path='gateway.remote_server'] input", "voz.cliente-muito-importante.com.br:5080");
  await page.waitForTimeout(300);
}

async function breakThings(page) {
  await page.fill("[data-path='gateway.remote_server'] input", "");
  await page.fill("[data-path='gateway.sip_port'] input", "70000");
  await page.fill("[data-path='ports[0].target'] input", "duas palavras");
  await page.fill("[data-path='ports[1].user'] input", "");
  await page.waitForTimeout(300);
}

async function review(page) {
  await edit(page);
  await page.click("[data-path='ports[1].sip_to_fxo'] button");
  await page.waitForTimeout(300);
  await page.click(".bar .acts .button:nth-child(2)");
  await page.waitForSelector("[role=dialog]");
}

async function confirm(page) {
  await page.click("[data-mode=sip_trunk]");
  await page.waitForTimeout(300);
  await page.click(".bar .acts .button.primary");
  await page.waitForSelector("[role=alertdialog]");
}

async function openScope(page) {
  await page.click("[data-port='1'] button[title=S]");
  await page.waitForSelector("[role=application]");
  await page.waitForTimeout(1_500);
}

/** The tones of a line whose recorded minute is at its busy tone. */
async function openTones(page) {
  await page.evaluate(() => (location.hash = "overview?port=7"));
  await page.waitForSelector("[role=application]");
  await page.click(".scope .panel-title button >> nth=0");
  await page.waitForFunction(() => Number(document.querySelector(".confidence")?.getAttribute("aria-valuenow")) >= 58, null, { timeout: 20_000 });
}

function lookAtTones(after_ms) {
  return async (page) => {
    await page.waitForSelector("[role=application]");
    await page.click(".scope .panel-title button >> nth=0");
    await page.waitForTimeout(after_ms);
  };
}

async function freezeScope(page) {
  await openScope(page);
  await page.focus("[role=application]");
  for (const key of ["Space", "ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft", "Alt+ArrowLeft"]) await page.keyboard.press(key);
}

async function testLine(page) {
  await page.click("[data-port='1'] button[title=T]");
  await page.click(".test-popup input[value=call]");
  await page.fill(".test-popup input.mono", "101");
  await page.keyboard.press("Enter");
  await page.waitForTimeout(4_000);
}

async function measureLine(page) {
  await page.click("[data-port='1'] button[title=T]");
  await page.click(".test-popup .button.primary");
  await page.waitForSelector("tr[data-check=noise][data-verdict=pass]", { timeout: 10_000 });
}

async function measured(page) {
  await measureLine(page);
  await page.waitForSelector(".test-popup .state .verdict", { timeout: 15_000 });
}

async function focus(page) {
  await page.focus("[data-path='ports[0].target'] input");
  await page.keyboard.press("Shift+Tab");
}

async function openCall(page) {
  await page.click("#call-row-3");
  await page.waitForSelector("section.details");
}

/** What the line of a port sends, beside the setting of how long it is waited for. */
function chooseSends(port) {
  return async (page) => {
    await page.click(`.ports [role=radio] >> nth=${port + 1}`);
    await page.waitForSelector(".told .verdict");
    await page.locator(".told").evaluate((told) => told.scrollIntoView({ block: "center" }));
  };
}

/** The first call of which the line sent bytes with this verdict. */
function openSent(verdict) {
  return async (page) => {
    for (let row = 0; row < 14; row += 1) {
      await page.click(`#call-row-${row}`);
      const found = page.locator(`.sent .burst:has(pre):has(.verdict.${verdict})`);
      if ((await found.count()) === 0) continue;
      return found.evaluate((burst) => burst.parentElement.scrollIntoView());
    }
    throw new Error(`no call of which the line sent ${verdict} bytes`);
  };
}

function openRow(row) {
  return async (page) => {
    await page.click(`#call-row-${row}`);
    await page.waitForSelector("section.details");
  };
}

/** The first call to the line whose details say this. */
function openOutgoing(wanted) {
  return async (page) => {
    for (let row = 0; row < 14; row += 1) {
      await page.click(`#call-row-${row}`);
      await page.waitForSelector("section.details");
      if ((await page.locator("section.details [data-stage=ringing], section.details [data-stage=post_dial]").count()) === 0) continue;
      if ((await page.locator("section.details").innerText()).includes(wanted)) return;
    }
  };
}

/** The details of the newest call that ended so, with its sound; `null`: of one that has none. */
function seeSound(reason) {
  return async (page) => {
    await page.click("#call-row-0");
    await page.focus("[role=grid]");
    for (let row = 0; row < 40; row += 1) {
      const why = await page.textContent("section.details .why");
      const answered = await page.$("section.details .mark.answered");
      if (reason === null ? why.includes("desistiu") : answered && why.includes(reason)) break;
      await page.keyboard.press("ArrowDown");
      await page.waitForTimeout(50);
    }
    await page.waitForSelector(reason === null ? ".sound[aria-busy=false]" : ".sound .learn");
    if (reason === null) return;
    await page.focus(".sound .plot");
    await page.keyboard.press("PageUp");
    await page.keyboard.press("PageUp");
  };
}

function learnTone(reason) {
  return async (page) => {
    await seeSound(reason)(page);
    await page.focus(".sound .learn");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".learn-tone[data-step=learned], .learn-tone[data-step=unlearned]");
  };
}

/** The proof of a learned tone: over, or in the middle of it. */
function proveTone(over, reason = "silêncio") {
  return async (page) => {
    await learnTone(reason)(page);
    await page.click(".learn-tone .primary");
    if (over) await page.waitForSelector(".learn-tone[data-step=proved]");
    else await page.waitForSelector(".learn-tone [data-kind=speech] td:text-is('40 min')");
  };
}

/** A tone in the draft, where the bar of Apply stands. */
async function useTone(page) {
  await proveTone(true)(page);
  await page.click(".learn-tone .primary");
  await page.waitForSelector("[data-path='ports[].line.learned_tones'], [data-path='ports[0].line.learned_tones']");
  await page.waitForTimeout(300);
}

async function filterCalls(page) {
  await page.fill("[role=search] input", "(11) 3333-4444");
  await page.click("[role=search] .one:nth-of-type(4) button");
  await page.click("[role=option]:nth-child(3)");
  await page.waitForTimeout(600);
}

async function chooseDays(page) {
  await page.click("[role=search] .one:nth-of-type(5) button");
  await page.click("[role=option]:last-child");
  await page.click(".days-open");
  await page.waitForTimeout(300);
}

async function exportCalls(page) {
  await page.click("h1 ~ .acts > .button:nth-last-child(2)");
  await page.click(".dialog-actions .primary");
  await page.waitForTimeout(500);
}

/** So many steps further in the first-run guide. */
function goOn(steps) {
  return async (page) => {
    for (let step = 0; step < steps; step += 1) await page.click("[data-guide-next]:enabled");
    await page.waitForTimeout(300);
  };
}

async function importProfile(page) {
  await page.click("[data-tab=import]");
  await page.click(".drop button");
  await page.fill("input[type=password]", "cavalo correto");
  await page.keyboard.press("Enter");
  await page.waitForSelector("table");
}

async function compareProfiles(page) {
  await page.click("[data-tab=compare]");
  await page.click("[data-side=right] button");
  await page.waitForSelector("table");
}

async function find(page) {
  await page.keyboard.press("Control+k");
  await page.waitForSelector(".palette [role=combobox]");
  await page.keyboard.type("current disconnect");
  await page.waitForSelector("[data-selected][data-value='setting:ports[].line.loop_interruption_ms']");
}

async function differ(page) {
  await page.click("[data-port-choice='1']");
  await page.fill("[data-path='ports[1].line.guard_ms'] input", "50");
  await page.click("[data-port-choice=all]");
  await page.locator("[data-path='ports[].line.guard_ms']").scrollIntoViewIfNeeded();
  await page.waitForTimeout(300);
}

async function waitForIdle(page) {
  await page.fill("[data-path='ports[0].target'] input", "210");
  await page.waitForTimeout(300);
  await page.click(".bar .more");
  await page.click("[role=menuitem]");
}

/** The toy registrar refuses this secret. */
async function rollBack(page) {
  await page.fill("[data-path='ports[0].secret'] input", "refused");
  await page.fill("[data-path='ports[1].target'] input", "230");
  await page.waitForTimeout(300);
  await page.click(".bar .main");
  await page.waitForSelector(".bar.failed");
}

/** Edits, and then restores a revision over it. */
async function replaceDraft(page) {
  await page.fill("[data-path='ports[1].target'] input", "230");
  await page.evaluate(() => (location.hash = "#profiles"));
  await page.click("[data-tab=history]");
  await page.click("[data-revision] + [data-revision] button");
  await page.click("[data-restore]");
}

/** A clipboard that takes nothing. */
async function refuseCopy(page) {
  await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error("denied"))));
  await page.click(".page-title .button");
  await page.waitForSelector(".told");
}

/** Three dialling rules, and a number to try them on. */
function tryNumber(number) {
  return async (page) => {
    const fresh = page.locator("[data-path='gateway.dial_rules'] .fresh input");
    for (const [allowed, pattern, strip, add] of [
      [false, "0300."],
      [true, "9.", "1", ""],
      [true, "[1-9]xxxxxxxxx", "", "015"],
    ]) {
      if (allowed) {
        await page.click("[data-path='gateway.dial_rules'] .fresh .choice");
        await page.locator(".popup-item").first().click();
        await fresh.nth(1).fill(strip);
        await fresh.nth(2).fill(add);
      }
      await fresh.nth(0).fill(pattern);
      await fresh.nth(0).press("Enter");
    }
    const trial = page.locator(".trial input").last();
    await trial.fill(number);
    await page.locator("[data-path='gateway.dial_rules']").evaluate((row) => (row.closest(".page-body").scrollTop = row.closest("section").offsetTop));
  };
}

/** Callers' numbers in E.164 with an area code, and a number to try. */
function writeCallers(number) {
  return async (page) => {
    await page.click("[data-path='gateway.caller_number_format'] .choice");
    await page.locator(".popup-item").nth(1).click();
    await page.fill("[data-path='gateway.area_code'] input", "11");
    await page.locator(".trial input").first().fill(number);
    await page.locator(".trial").first().scrollIntoViewIfNeeded();
  };
}

/** A second caller on a line that asks who he is. */
async function callTheBusyLine(page) {
  await page.click("[data-path='ports[].line.waiting_caller_id'] [role=switch]");
  await page.waitForTimeout(300);
  await page.click(".bar .main");
  await page.click("[role=alertdialog] .primary, [role=dialog] .primary");
  await page.waitForTimeout(1500);
  await page.evaluate(() => (location.hash = "overview"));
  await page.waitForSelector("article[data-port='1']");
  await page.waitForSelector("[data-exchange-line='1']");
  await page.click("[data-exchange-line='1'] .ring");
  await page.waitForSelector("article .waiting");
}

/** The first call whose details tell of a second caller. */
async function seeWhoWaited(page) {
  for (let row = 0; row < 14; row += 1) {
    await page.click(`#call-row-${row}`);
    await page.waitForSelector("section.details");
    const sent = page.locator(".sent + .sent");
    if ((await sent.count()) > 0) return sent.first().evaluate((found) => found.scrollIntoView());
  }
  throw new Error("nobody waited");
}

/** Minutes a day and hours for both ports. */
async function spendMinutes(page) {
  await page.fill("[data-path='ports[].outgoing_budget_min'] input", "90");
  await page.fill("[data-path='ports[].outgoing_hours'] input", "08:00-12:00, 13:00-18:00");
  await page.locator("[data-path='ports[].outgoing_budget_min']").evaluate((row) => (row.closest(".page-body").scrollTop = row.closest("section").offsetTop - 80));
}
