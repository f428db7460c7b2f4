/** The wall's page. */

import { render } from "preact";
import { App } from "./app";
import { Wall } from "./wall";

const root = document.getElementById("wall");
if (root) {
  const wall = new Wall();
  render(<App wall={wall} />, root);
  void wall.begin();
}
