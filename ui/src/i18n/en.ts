/** English. One file a page, and the codes of the program in a file of their own. */
import about from "./en/about.json";
import apply from "./en/apply.json";
import calls from "./en/calls.json";
import codes from "./en/codes.json";
import country from "./en/country.json";
import desk from "./en/desk.json";
import devices from "./en/devices.json";
import diagnostics from "./en/diagnostics.json";
import exchange from "./en/exchange.json";
import guard from "./en/guard.json";
import guide from "./en/guide.json";
import history from "./en/history.json";
import overview from "./en/overview.json";
import palette from "./en/palette.json";
import profiles from "./en/profiles.json";
import scope from "./en/scope.json";
import settings from "./en/settings.json";
import sip_trace from "./en/sip_trace.json";
import sounds from "./en/sounds.json";
import stages from "./en/stages.json";
import tones from "./en/tones.json";
import trace from "./en/trace.json";
import users from "./en/users.json";
import window from "./en/window.json";

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
