/** Who are you? */

import type { Wall } from "./wall";
import { useStore } from "../ui/store";

export function LogIn({ wall }: { readonly wall: Wall }) {
  const trouble = useStore(wall.store, (state) => state.trouble);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const fields = new FormData(event.currentTarget);
    const field = (name: string): string => String(fields.get(name) ?? "");
    const user = field("user").trim();
    void wall.logIn(user === "" ? { token: field("secret").trim() } : { user, password: field("secret") });
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>Desktops</h1>
        <label>
          User
          <input name="user" autocomplete="username" placeholder="leave empty to use a token" />
        </label>
        <label>
          Password or token
          <input name="secret" type="password" autocomplete="current-password" required />
        </label>
        {trouble !== null && <p class="trouble" role="alert">{trouble}</p>}
        <button type="submit" class="primary">Log in</button>
        <p class="soft">On the machine itself, <code>lunette open</code> logs a browser in.</p>
      </form>
    </main>
  );
}
