/** English. One file a page, and the codes of the program in a file of their own. */
import apply from "./en/apply.json";
import codes from "./en/codes.json";
import exchange from "./en/exchange.json";
import overview from "./en/overview.json";
import scope from "./en/scope.json";
import users from "./en/users.json";
import window from "./en/window.json";

export default {
  ...apply,
  ...codes,
  ...exchange,
  ...overview,
  ...scope,
  ...users,
  ...window,
};
