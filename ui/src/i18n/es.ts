/** Spanish. One file a page, and the codes of the program in a file of their own. */
import about from "./es/about.json";
import apply from "./es/apply.json";
import calls from "./es/calls.json";
import codes from "./es/codes.json";
import country from "./es/country.json";
import desk from "./es/desk.json";
import devices from "./es/devices.json";
import diagnostics from "./es/diagnostics.json";
import exchange from "./es/exchange.json";
import guard from "./es/guard.json";
import guide from "./es/guide.json";
import history from "./es/history.json";
import overview from "./es/overview.json";
import palette from "./es/palette.json";
import profiles from "./es/profiles.json";
import scope from "./es/scope.json";
import settings from "./es/settings.json";
import sip_trace from "./es/sip_trace.json";
import sounds from "./es/sounds.json";
import stages from "./es/stages.json";
import tones from "./es/tones.json";
import trace from "./es/trace.json";
import users from "./es/users.json";
import window from "./es/window.json";

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
