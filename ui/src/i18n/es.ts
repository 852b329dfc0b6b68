/** Spanish. One file a page, and the codes of the program in a file of their own. */
import apply from "./es/apply.json";
import codes from "./es/codes.json";
import exchange from "./es/exchange.json";
import overview from "./es/overview.json";
import scope from "./es/scope.json";
import users from "./es/users.json";
import window from "./es/window.json";

export default {
  ...apply,
  ...codes,
  ...exchange,
  ...overview,
  ...scope,
  ...users,
  ...window,
};
