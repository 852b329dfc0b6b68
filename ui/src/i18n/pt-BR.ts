/** Portuguese of Brazil. It is also the list of all keys: see `Key`. One file a page, and the codes of the program in a file of their own. */
import about from "./pt-BR/about.json";
import apply from "./pt-BR/apply.json";
import calls from "./pt-BR/calls.json";
import codes from "./pt-BR/codes.json";
import country from "./pt-BR/country.json";
import desk from "./pt-BR/desk.json";
import devices from "./pt-BR/devices.json";
import diagnostics from "./pt-BR/diagnostics.json";
import exchange from "./pt-BR/exchange.json";
import guard from "./pt-BR/guard.json";
import guide from "./pt-BR/guide.json";
import history from "./pt-BR/history.json";
import overview from "./pt-BR/overview.json";
import palette from "./pt-BR/palette.json";
import profiles from "./pt-BR/profiles.json";
import scope from "./pt-BR/scope.json";
import settings from "./pt-BR/settings.json";
import sip_trace from "./pt-BR/sip_trace.json";
import sounds from "./pt-BR/sounds.json";
import stages from "./pt-BR/stages.json";
import tones from "./pt-BR/tones.json";
import trace from "./pt-BR/trace.json";
import users from "./pt-BR/users.json";
import window from "./pt-BR/window.json";

export default {
  ...about,
  ...apply,
  ...calls,
  ...codes,
  ...country,
  ...desk,
  ...devices,
  ...diagnostics,
  ...exchange,
  ...guard,
  ...guide,
  ...history,
  ...overview,
  ...palette,
  ...profiles,
  ...scope,
  ...settings,
  ...sip_trace,
  ...sounds,
  ...stages,
  ...tones,
  ...trace,
  ...users,
  ...window,
};
